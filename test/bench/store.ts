/**
 * store — what keeping data costs, beside InfluxDB 1.6 and Redis of this machine (`apt install influxdb redis-server wrk`,
 * neither has to run), beside servers that do less, and beside the HMAC that a token cannot do without.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pair } from '../unit/store/harness.ts';
import { ratio, type Result } from './result.ts';
import { tokenRates } from './store/arbiter.ts';
import { measureHistory } from './store/history.ts';
import { measureWrites } from './store/writes.ts';

export async function measure(): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), 'databox-bench-'));
  try {
    const tls = await pair();
    return [...(await measureWrites({ dir, tls })), ...(await measureHistory(dir, tls)), ...(await measureTokens())];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function measureTokens(): Promise<Result[]> {
  const { hmac, verify, mint } = await tokenRates();
  const figures = { hmac_per_s: Math.round(hmac), verify_per_s: Math.round(verify), mint_per_s: Math.round(mint) };
  return [
    ratio('tokens verified for the first time ÷ raw HMAC', verify / hmac, { goal: 0.25, better: 'higher', figures }),
    ratio('tokens minted ÷ raw HMAC', mint / hmac, { goal: 0.35, better: 'higher', figures }),
  ];
}
