/** start — how long `databox dev` of this checkout takes until it says that it is ready, Zest and all, beside `node -e 0`. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { median, ratio, type Result } from '../result.ts';

const rounds = 9;
const limitMs = 1_000;
const main = join(import.meta.dirname, '../../../src/main.ts');
const compiled = join(import.meta.dirname, '../../../.cache/compile');

/** @param dir  each start finds a folder of its own in it, and no state */
export async function measureStart(dir: string): Promise<Result[]> {
  // The first one fills the compile cache: an author starts it more than once.
  await ready(dir);
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(await ready(dir));
    bare.push(timed(['-e', '0']));
  }
  const [databoxMs, nodeMs] = [Math.round(median(ours)), Math.round(median(bare))];
  const name = '`databox dev`, from its start until it says that it is ready';
  return [
    ratio(`${name} ÷ \`node -e 0\``, databoxMs / nodeMs, {
      ...{ goal: null, better: 'lower', figures: { databox_ms: databoxMs, node_ms: nodeMs } },
    }),
    { name, value: databoxMs, unit: 'ms', goal: limitMs, better: 'lower', met: databoxMs <= limitMs },
  ];
}

async function ready(dir: string): Promise<number> {
  const cwd = mkdtempSync(join(dir, 'desk-'));
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled };
  const begun = performance.now();
  const argv = [main, 'dev', '--port', '0', '--zest', 'free', '--json'];
  const desk = spawn(process.execPath, argv, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(desk, 'exit');
  const [said] = (await once(desk.stdout, 'data')) as [Buffer];
  const ms = performance.now() - begun;
  if (!said.includes('"arbiter":"tcp://')) throw new Error(`the desk serves no Zest: ${said.toString()}`);
  desk.kill('SIGTERM');
  await ended;
  return ms;
}

function timed(argv: readonly string[]): number {
  const begun = performance.now();
  execFileSync(process.execPath, argv);
  return performance.now() - begun;
}
