/**
 * footprint — what the single binary costs beside a bare Node: size, time to start, time until it serves, memory at
 * rest, alone and with ten components. Without a binary (`npm run package`) nothing is measured: the checkout's figures
 * are nobody's.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { dist, targets } from '../../build/package/paths.ts';
import { seatDrivers, startDesk } from './footprint/desk.ts';
import { type Held, heldBy, layOut } from './footprint/memory.ts';
import { median, ratio, type Result } from './result.ts';

const startRounds = 11;
const memoryRounds = 3;
/** On all sides. The storage reader rests after half a minute. */
const restMs = 40_000;
const drivers = 10;
const points = 300;
const limitMb = 130;

export async function measure(): Promise<Result[]> {
  const program = join(dist, targets.find(({ arch }) => arch === process.arch)?.file ?? '');
  if (!existsSync(program)) throw new Error('there is no binary to measure: npm run package');
  const dir = mkdtempSync(join(tmpdir(), 'databox-bench-'));
  try {
    const databox = layOut(program, join(dir, 'databox'));
    const node = layOut(process.execPath, join(dir, 'node'));
    return [...sizes(), ...(await starts(databox, node)), ...(await memories(databox, node))];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function sizes(): Result[] {
  const made = targets.map(({ file }) => join(dist, file)).filter((file) => existsSync(file));
  const sizesMb = made.map((file) => statSync(file).size / 1e6);
  const value = Number(Math.max(...sizesMb).toFixed(1));
  return [
    { name: 'size of the larger binary', value, unit: 'MB', goal: limitMb, better: 'lower', met: value <= limitMb },
  ];
}

async function starts(databox: string, node: string): Promise<Result[]> {
  const [bare, version, ready] = [[] as number[], [] as number[], [] as number[]];
  for (let round = 0; round < startRounds; round++) {
    bare.push(timed(node, ['-e', '0']));
    version.push(timed(databox, ['version']));
    await using desk = await startDesk(databox);
    ready.push(desk.readyMs);
  }
  const nodeMs = median(bare);
  const figures = (ours: number[]) => ({ databox_ms: round(median(ours)), node_ms: round(nodeMs) });
  return [
    atMost('start of `databox version`', median(version) / nodeMs, 4, figures(version)),
    atMost('services ready (`databox dev`)', median(ready) / nodeMs, 10, figures(ready)),
  ];
}

type Round = { node: Held; idle: Held; busy: Held; seated: Held };

async function memories(databox: string, node: string): Promise<Result[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < memoryRounds; round++) rounds.push(await memory(databox, node));
  const of = (who: keyof Round, part: keyof Held): number => median(rounds.map((each) => each[who][part]));
  const figures = (who: keyof Round) => ({
    ...{ databox_MB: round(of(who, 'total')), of_it_own_MB: round(of(who, 'own')) },
    ...{ node_MB: round(of('node', 'total')), of_nodes_own_MB: round(of('node', 'own')) },
  });
  const against = (who: keyof Round): number => of(who, 'total') / of('node', 'total');
  const seated = `memory at rest with ${drivers} components, ${points} points each`;
  return [
    atMost('memory at rest (`databox dev`)', against('idle'), 2, figures('idle')),
    atMost(seated, against('seated'), 4, { ...figures('seated'), after_the_last_point_MB: round(of('busy', 'total')) }),
  ];
}

/** All three at the same time: what rests takes nothing from the others. */
async function memory(databox: string, node: string): Promise<Round> {
  await using seated = await startDesk(databox);
  await seatDrivers(seated.url, { drivers, points });
  const busy = heldBy(seated.pid);
  await using idle = await startDesk(databox);
  const bare = spawn(node, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  try {
    await sleep(restMs);
    return { node: heldBy(bare.pid ?? 0), idle: heldBy(idle.pid), busy, seated: heldBy(seated.pid) };
  } finally {
    bare.kill();
  }
}

const atMost = (name: string, ours: number, goal: number, figures: Record<string, number>): Result =>
  ratio(name, ours, { goal, better: 'lower', figures });

function timed(file: string, argv: readonly string[]): number {
  const start = performance.now();
  execFileSync(file, argv);
  return performance.now() - start;
}

const round = (value: number): number => Number(value.toFixed(1));
