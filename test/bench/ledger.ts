/**
 * ledger — what it costs a store that its uses are counted: single durable points and reads of the latest by many clients,
 * with the ledger and without, in alternating rounds. The counts are written each second, ten times as often as in a box.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pair } from '../unit/store/harness.ts';
import { ratio, type Result } from './result.ts';
import { openLines } from './store/line.ts';
import { alternating, rate } from './store/load.ts';
import { type Box, startBox } from './store/servers.ts';

const rounds = 11;
const roundMs = 2_000;
const clients = 16;
const goal = 0.95;

export async function measure(): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), 'databox-bench-'));
  try {
    const tls = await pair();
    await using counted = await startBox({ dir: join(dir, 'counted'), tls, how: ['ledger'] });
    await using plain = await startBox({ dir: join(dir, 'plain'), tls });
    const both = { counted, plain };
    return [
      await compare('durable single points', both, (box) => box.point()),
      await compare('reads of the latest', both, (box) => box.read('/latest')),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function compare(what: string, boxes: Record<'counted' | 'plain', Box>, next: (box: Box) => string) {
  const { counted, plain } = boxes;
  using one = await openLines(counted, clients);
  using other = await openLines(plain, clients);
  const ways = {
    counted: () => rate(one.all, () => next(counted), roundMs),
    plain: () => rate(other.all, () => next(plain), roundMs),
  };
  await alternating(1, ways);
  const seen = await alternating(rounds, ways);
  const figures = { with_per_s: Math.round(seen.counted), without_per_s: Math.round(seen.plain) };
  const name = `${what}, ${clients} clients, counted in the ledger ÷ not counted`;
  return ratio(name, seen.counted / seen.plain, { goal, better: 'higher', figures });
}
