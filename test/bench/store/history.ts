/** history — a million points beside InfluxDB: written in batches, asked for, and what they take of disk and memory. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tls } from '../../../src/base/listen.ts';
import { absent, median, ratio, type Result } from '../result.ts';
import { openLine, openLines } from './line.ts';
import { alternating, delays } from './load.ts';
import { hasInflux, type Influx, startInflux } from './peers.ts';
import { type Box, type Entry, type Server, startBox } from './servers.ts';

const points = 1_000_000;
const perBatch = 1_000;
const rounds = 5;
const writers = 4;
const asks = 20;
const start = Date.UTC(2026, 0);
const stepMs = 1_000;
const rooms = ['hall', 'kitchen', 'attic', 'cellar'];

export async function measureHistory(dir: string, tls: Tls): Promise<Result[]> {
  if (!hasInflux()) return [absent('InfluxDB')];
  await using up = new AsyncDisposableStack();
  const box = up.use(await startBox({ dir: join(dir, 'history'), tls }));
  const home = join(dir, 'influx');
  const { batches, hot: written } = await writeAll(box, { dir: home, tls });
  // Its own tools read over plain HTTP, once it has compacted what it was given.
  const influx = up.use(await startInflux({ dir: home, compactsAt: 'quiet' }));
  await settled(join(home, 'data'));
  const queries = await ask(box, influx);
  const [ours, theirs] = [sizeOf(join(dir, 'history/stores')), sizeOf(join(home, 'data')) + sizeOf(join(home, 'wal'))];
  const [memory, hot] = [residentOf(box), Math.max(written, residentOf(influx))];
  return [
    batches,
    ...queries,
    ratio(`disk for ${points} points ÷ InfluxDB’s`, ours / theirs, { goal: 1, better: 'lower', figures: { databox_MB: mb(ours), influx_MB: mb(theirs) } }), // prettier-ignore
    ratio('resident memory after that ÷ InfluxDB’s, after writing or asking', memory / hot, { goal: 0.3, better: 'lower', figures: { databox_MB: mb(memory), influx_MB: mb(hot) } }), // prettier-ignore
  ];
}

type Home = { dir: string; tls: Tls };

/** Each round writes a part of the million to each, by four writers. @returns also the memory that InfluxDB then has */
async function writeAll(box: Box, home: Home): Promise<{ batches: Result; hot: number }> {
  await using influx = await startInflux(home);
  using ours = await openLines(box, writers);
  using theirs = await openLines(influx, writers);
  const all = Array.from({ length: points / perBatch }, (_, at) => entriesOf(at));
  const part = all.length / rounds;
  const write = (lines: typeof ours, requestOf: (entries: readonly Entry[]) => string) => {
    let round = 0;
    return async () => {
      const waiting = all.slice(round * part, ++round * part).map(requestOf);
      const begun = performance.now();
      const work = async (line: (typeof lines.all)[number]) => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await line.ask(next);
      };
      await Promise.all(lines.all.map(work));
      return (part * perBatch * 1_000) / (performance.now() - begun);
    };
  };
  const seen = await alternating(rounds, {
    databox: write(ours, (entries) => box.batch(entries)),
    influx: write(theirs, (entries) => influx.batch(entries)),
  });
  const figures = { databox_points_per_s: Math.round(seen.databox), influx_points_per_s: Math.round(seen.influx) };
  const name = `batches of ${perBatch} points ÷ InfluxDB’s`;
  const batches = ratio(name, seen.databox / seen.influx, { goal: 1.1, better: 'higher', figures });
  return { batches, hot: residentOf(influx) };
}

/** A thermometer: tenths of a degree that wander. */
const entriesOf = (batch: number): Entry[] =>
  Array.from({ length: perBatch }, (_, offset) => {
    const at = batch * perBatch + offset;
    const value = Math.round(200 + 50 * Math.sin(at / 5_000) + ((at * 7_919) % 13)) / 10;
    return { timestamp: start + at * stepMs, value, room: rooms[(at >> 8) % rooms.length] ?? '' };
  });

async function ask(box: Box, influx: Influx): Promise<Result[]> {
  using ours = await openLine(box);
  using theirs = await openLine(influx);
  const [from, to] = [start + 450_000 * stepMs, start + 549_999 * stepMs];
  const within = `WHERE time >= ${from}ms AND time <= ${to}ms`;
  const range = `/range/${from}/${to}`;
  const results: Result[] = [];
  for (const [name, rest, query, goal] of [
    ['last/100', '/last/100', influx.query('*', 'ORDER BY time DESC LIMIT 100'), 0.6],
    ['mean of 100,000', `${range}/mean`, influx.query('mean(value)', within), 0.5],
    ['median of 100,000', `${range}/median`, influx.query('median(value)', within), 0.15],
    ['sd of 100,000', `${range}/sd`, influx.query('stddev(value)', within), 0.25],
  ] as const) {
    const request = box.read(rest);
    const seen = await alternating(rounds, {
      databox: async () => median(await delays(ours, () => request, asks)),
      influx: async () => median(await delays(theirs, () => query, asks)),
    });
    const figures = { databox_ms: Number(seen.databox.toFixed(2)), influx_ms: Number(seen.influx.toFixed(2)) };
    results.push(ratio(`${name}, p50 over HTTPS ÷ InfluxDB’s over HTTP`, seen.databox / seen.influx, { goal, better: 'lower', figures })); // prettier-ignore
  }
  return results;
}

/** Waits until its files have been the same for a while. */
async function settled(dir: string): Promise<void> {
  for (let [size, quiet] = [-1, 0]; quiet < 8; await sleep(1_000)) {
    const now = sizeOf(dir);
    quiet = now === size ? quiet + 1 : 0;
    size = now;
  }
}

/** Bytes that the files below a folder have on disk, not what they say: InfluxDB's have holes. One that goes meanwhile has none. */
const sizeOf = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512, 0); // prettier-ignore

const residentOf = ({ program }: Server): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${program.pid()}/status`, 'utf8'))?.[1] ?? NaN) * 1_024;

const mb = (bytes: number): number => Number((bytes / 1e6).toFixed(1));
