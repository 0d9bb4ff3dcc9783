/** writes — durable single points through both doors of one store. */
import { readFileSync } from 'node:fs';
import { frameOf } from '../../unit/zest/raw.ts';
import { absent, median, perSecond, ratio, type Result } from '../result.ts';
import { openLines } from '../store/line.ts';
import { alternating, rate } from '../store/load.ts';
import { series } from '../store/names.ts';
import type { Box, Zest } from '../store/servers.ts';
import { hasWrk, post } from '../store/wrk.ts';
import { openLines as openZestLines } from './lines.ts';
import { makeLoad, missing } from './load.ts';

const rounds = 7;
const roundSeconds = 2;
const clients = 16;
const created = 65;

export async function measureWrites(box: Box, zest: Zest, dir: string): Promise<Result[]> {
  return [...(await measureDoors(box, zest, dir)), await measureProgram(box, zest)];
}

const headOf = ({ tokens }: Box): Buffer => frameOf(`POST /ts/${series}`, { token: tokens.POST });

/** The clients are cheap, on both sides: what is compared is what the box can take. */
async function measureDoors(box: Box, zest: Zest, dir: string): Promise<Result[]> {
  const without = hasWrk() ? missing() : 'wrk';
  if (without !== undefined) return [absent(without)];
  const load = makeLoad(dir);
  const request = { clients, head: headOf(box), body: box.posting.body, code: created };
  const cost = costOf(box);
  const seen = await compare({
    box: cost.measured('box', () => load(zest.box, request, roundSeconds * 1_000)),
    desk: cost.measured('desk', () => load(zest.desk, request, roundSeconds * 1_000)),
    rest: cost.measured('rest', async () => (await post(box, { dir, clients }, roundSeconds)).perSecond),
  });
  const figures = { ...perSecond(seen), ...cost.figures() };
  const against = (name: string, rate: number): Result =>
    ratio(`${name} ÷ REST over HTTPS`, rate / seen.rest, { goal: 0.8, better: 'higher', figures });
  return [
    against(`durable single points, ${clients} clients, Zest in a box`, seen.box),
    against("the same at an author's desk", seen.desk),
  ];
}

/**
 * All clients are one program of Node: over Zest with ZeroMQ as any client has it, over HTTPS with less than any library does.
 * On a machine with two processors its cost is in the rate as well.
 */
async function measureProgram(box: Box, { desk }: Zest): Promise<Result> {
  using ours = openZestLines(desk, clients, created);
  using https = await openLines(box, clients);
  const ms = roundSeconds * 1_000;
  let turn = 0;
  // The tests' way to make a frame costs three times what a request of REST costs to write: that would be measured as the box's.
  const head = headOf(box);
  const frame = (): Buffer => Buffer.concat([head, Buffer.from(`{"value":${turn++ % 1_000},"room":"hall"}`)]);
  const seen = await compare({
    zest: () => rate(ours.all, frame, ms),
    rest: () => rate(https.all, () => box.point(), ms),
  });
  const name = 'the same from one program of Node, ZeroMQ at a desk ÷ a bare line of TLS';
  return ratio(name, seen.zest / seen.rest, { goal: null, better: 'higher', figures: perSecond(seen) });
}

/** What a request costs the server, beside its rate, which has the cost of the clients in it too. */
function costOf({ program }: Box) {
  const costs: Record<string, number[]> = {};
  return {
    measured: (door: string, work: () => Promise<number>) => async () => {
      const before = cpuMs(program.pid());
      const each = await work();
      (costs[door] ??= []).push(((cpuMs(program.pid()) - before) * 1_000) / (each * roundSeconds));
      return each;
    },
    figures: () =>
      Object.fromEntries(Object.entries(costs).map(([door, us]) => [`${door}_server_us`, Math.round(median(us))])),
  };
}

/** Processor time of a process and its threads so far. Linux counts in hundredths of a second. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

/** After one round that warms up. */
export async function compare<T extends string>(ways: Record<T, () => Promise<number>>): Promise<Record<T, number>> {
  await alternating(1, ways);
  return alternating(rounds, ways);
}
