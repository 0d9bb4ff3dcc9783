/** `npm run bench -- AREA`: prints one JSON object of ratios, each measured against a peer or a limit in the same run. */
import { cpus, totalmem } from 'node:os';
import type { Result } from './result.ts';

const areas: Record<string, () => Promise<{ measure: () => Promise<Result[]> }>> = {
  network: () => import('./network.ts'),
  footprint: () => import('./footprint.ts'),
  ledger: () => import('./ledger.ts'),
  store: () => import('./store.ts'),
  zest: () => import('./zest.ts'),
};

const area = process.argv[2] ?? '';
const load = areas[area];
if (!load) {
  console.error(`usage: npm run bench -- ${Object.keys(areas).join('|')}`);
  process.exit(64);
}
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryMb: Math.round(totalmem() / 2 ** 20),
};
const results = await (await load()).measure();
console.log(JSON.stringify({ area, machine, results }, null, 2));
process.exit(results.every(({ met }) => met !== false) ? 0 : 1);
