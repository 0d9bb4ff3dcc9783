/**
 * footprint — what the single binary costs beside a bare Node: time to start, time until it serves, memory at rest.
 * Without a binary (`npm run package`) nothing is measured: the checkout's figures are nobody's.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { dist, targets } from '../../build/package/paths.ts';
import type { Result } from './run.ts';

const rounds = 11;
/** After the start, before memory is read: what only the start needed may be given back. */
const restMs = 5_000;

export async function measure(): Promise<Result[]> {
  const databox = join(dist, targets.find(({ arch }) => arch === process.arch)?.file ?? '');
  if (!existsSync(databox)) throw new Error('there is no binary to measure: npm run package');
  const [bare, version, ready] = [[] as number[], [] as number[], [] as number[]];
  for (let round = 0; round < rounds; round++) {
    bare.push(timed(process.execPath, ['-e', '0']));
    version.push(timed(databox, ['version']));
    ready.push(await withDesk(databox, (started) => Promise.resolve(started.ms)));
  }
  const nodeMs = median(bare);
  const box = await withDesk(databox, ({ pid }) => rssAtRest(pid));
  const node = await withIdleNode(rssAtRest);
  return [
    ratio('start of `databox version`', [median(version), nodeMs, 'ms'], 4),
    ratio('services ready (`databox dev`)', [median(ready), nodeMs, 'ms'], 10),
    ratio('memory at rest (`databox dev`)', [box, node, 'MB'], 2),
  ];
}

function ratio(name: string, [ours, bare, unit]: [number, number, string], goal: number): Result {
  const value = Number((ours / bare).toFixed(2));
  const figures = { [`databox_${unit}`]: Number(ours.toFixed(1)), [`node_${unit}`]: Number(bare.toFixed(1)) };
  return { name, value, unit: 'ratio', goal, better: 'lower', met: value <= goal, ...figures };
}

function timed(file: string, argv: readonly string[]): number {
  const start = performance.now();
  execFileSync(file, argv);
  return performance.now() - start;
}

type Started = { pid: number; ms: number };

/** Runs the author's desk in an empty folder until `use` has its answer. */
async function withDesk<T>(databox: string, use: (started: Started) => Promise<T>): Promise<T> {
  const cwd = mkdtempSync(join(tmpdir(), 'databox-bench-'));
  const start = performance.now();
  const desk = spawn(databox, ['dev', '--port', '0', '--json'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(desk.stdout, 'data');
    return await use({ pid: desk.pid ?? 0, ms: performance.now() - start });
  } finally {
    desk.kill('SIGTERM');
    await once(desk, 'exit');
    rmSync(cwd, { recursive: true });
  }
}

async function withIdleNode<T>(use: (pid: number) => Promise<T>): Promise<T> {
  const node = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  try {
    return await use(node.pid ?? 0);
  } finally {
    node.kill();
  }
}

async function rssAtRest(pid: number): Promise<number> {
  await sleep(restMs);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
