/**
 * zest — what the original's protocol costs: reads beside a bare echo over the same sockets, durable writes beside the
 * same store's REST, and how soon an author's desk serves both, beside a bare Node.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram, type Program } from '../abuse/rig/process.ts';
import { pair } from '../unit/store/harness.ts';
import { frameOf } from '../unit/zest/raw.ts';
import { median, ratio, type Result } from './result.ts';
import { openLines } from './store/line.ts';
import { alternating, rate } from './store/load.ts';
import { series } from './store/names.ts';
import { type Box, startBox } from './store/servers.ts';
import { openLines as openZestLines, type Place } from './zest/lines.ts';
import { measureStart } from './zest/start.ts';

const rounds = 7;
const roundMs = 1_500;
const clients = 16;
const [created, content] = [65, 69];

export async function measure(): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), 'databox-bench-'));
  try {
    await using box = await startBox({ dir: join(dir, 'box'), tls: await pair(), how: ['zest'] });
    if (!box.zest) throw new Error('the box has no Zest door');
    // In this order: what is read was written.
    return [await writes(box, box.zest), await reads(box, box.zest), ...(await measureStart(dir))];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const get = ({ tokens }: Box): Buffer => frameOf(`GET /ts/${series}/latest`, { token: tokens.GET });

async function reads(box: Box, zest: Place): Promise<Result> {
  await using program = startProgram([process.execPath, join(import.meta.dirname, 'zest/echo.ts')]);
  using ours = openZestLines(zest, clients, content);
  using bare = openZestLines(await placeOf(program), clients);
  const frame = get(box);
  const { databox, echo } = await compare({
    databox: () => rate(ours.all, () => frame, roundMs),
    echo: () => rate(bare.all, () => frame, roundMs),
  });
  const name = `\`latest\` over Zest, ${clients} clients ÷ a bare echo over the same sockets`;
  return ratio(name, databox / echo, { goal: 0.5, better: 'higher', figures: perSecond({ databox, echo }) });
}

const placeOf = async (program: Program): Promise<Place> =>
  JSON.parse(await program.line((line) => line.startsWith('{'))) as Place;

async function writes(box: Box, place: Place): Promise<Result> {
  using ours = openZestLines(place, clients, created);
  using https = await openLines(box, clients);
  const costs = { zest: [] as number[], rest: [] as number[] };
  const pid = box.program.pid();
  /** What a request costs the box goes down beside its rate, which has the cost of the clients in it too. */
  const measured = (door: keyof typeof costs, work: () => Promise<number>) => async () => {
    const before = cpuMs(pid);
    const perSecond = await work();
    costs[door].push(((cpuMs(pid) - before) * 1_000) / ((perSecond * roundMs) / 1_000));
    return perSecond;
  };
  let turn = 0;
  // The tests' way to make a frame costs three times what a request of REST costs to write: that would be measured as the box's.
  const head = frameOf(`POST /ts/${series}`, { token: box.tokens.POST });
  const post = (): Buffer => Buffer.concat([head, Buffer.from(`{"value":${turn++ % 1_000},"room":"hall"}`)]);
  const seen = await compare({
    zest: measured('zest', () => rate(ours.all, post, roundMs)),
    rest: measured('rest', () => rate(https.all, () => box.point(), roundMs)),
  });
  const name = `durable single points, ${clients} clients, Zest ÷ REST over HTTPS`;
  const cost = { zest_box_us: Math.round(median(costs.zest)), rest_box_us: Math.round(median(costs.rest)) };
  const figures = { ...perSecond(seen), ...cost };
  return ratio(name, seen.zest / seen.rest, { goal: 0.8, better: 'higher', figures });
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

async function compare<T extends string>(ways: Record<T, () => Promise<number>>): Promise<Record<T, number>> {
  await alternating(1, ways);
  return alternating(rounds, ways);
}

const perSecond = (seen: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(seen).map(([name, value]) => [`${name}_per_s`, Math.round(value)]));
