/** writes — single durable points by many clients, beside InfluxDB, Redis and servers that do less, and what readers notice. */
import { join } from 'node:path';
import type { Tls } from '../../../src/base/listen.ts';
import { median, ratio, type Result } from '../result.ts';
import { type Line, openLine, openLines, type Place, parseRedis } from './line.ts';
import { alternating, delays, rate } from './load.ts';
import { hasInflux, hasRedis, startInflux, startRedis } from './peers.ts';
import { type Box, slowDisk, startBare, startBox } from './servers.ts';

const rounds = 5;
const roundMs = 2_000;
const clients = 16;
const asks = 300;

type Source = { place: Place; lines: readonly Line[]; next: () => string };

export async function measureWrites(dir: string, tls: Tls): Promise<Result[]> {
  await using up = new AsyncDisposableStack();
  const box = up.use(await startBox({ dir: join(dir, 'box'), tls }));
  const each = up.use(await startBox({ dir: join(dir, 'each'), tls, how: ['each'] }));
  const open = up.use(await startBox({ dir: join(dir, 'open'), tls, how: ['open'] }));
  const bare = up.use(await startBare(tls));
  const influx = hasInflux() ? up.use(await startInflux({ dir: join(dir, 'influx-writes'), tls })) : undefined;
  const redis = hasRedis() ? up.use(await startRedis(join(dir, 'redis'), tls)) : undefined;
  const source = async (place: Place, next: () => string, parse?: typeof parseRedis): Promise<Source> => {
    const { all } = up.use(await openLines(place, clients, parse));
    return { place, lines: all, next };
  };
  const writing = await source(box, () => box.point());
  const ways = {
    databox: run(writing),
    each: run(await source(each, () => each.point())),
    open: run(await source(open, () => open.point())),
    bare: run(await source(bare, () => box.point())),
    influx: influx && run(await source(influx, () => influx.point())),
    redis: redis && run(await source(redis, () => redis.set(), parseRedis)),
  };
  await alternating(1, ways);
  await box.delayMs();
  const seen = await alternating(rounds, ways);
  const figures = perSecond(seen);
  const name = `durable single points, ${clients} clients`;
  const against = (peer: keyof typeof seen, words: string, goal: number | null): Result =>
    ratio(`${name} ÷ ${words}`, seen.databox / seen[peer], { goal, better: 'higher', figures });
  return [
    ...(influx ? [against('influx', 'InfluxDB over HTTPS with login', 1.3)] : [absent('InfluxDB')]),
    ...(redis ? [against('redis', 'Redis, appendfsync always, over TLS', null)] : [absent('Redis')]),
    against('bare', 'an HTTPS server that stores nothing', 0.6),
    against('each', 'the same store, committing each request', 4),
    against('open', 'the same store without tokens', 0.9),
    await loopDelay(box, writing),
    ...(await measureSlowly({ dir, tls, box, writing })),
  ];
}

const run =
  ({ lines, next }: Source) =>
  (): Promise<number> =>
    rate(lines, next, roundMs);

async function loopDelay(box: Box, { lines, next }: Source): Promise<Result> {
  await box.delayMs();
  await rate(lines, next, roundMs);
  const value = Number((await box.delayMs()).toFixed(2));
  return {
    ...{ name: 'main thread’s delay under these writes, p99, 1 ms resolution', value, unit: 'ms' },
    ...{ goal: 5, better: 'lower', met: value <= 5 },
  };
}

type Fast = { dir: string; tls: Tls; box: Box; writing: Source };
const slowMs = 5;

/** The same with a disk whose every sync takes 5 ms more. */
async function measureSlowly({ dir, tls, box, writing }: Fast): Promise<Result[]> {
  await using up = new AsyncDisposableStack();
  const env = slowDisk(dir, slowMs);
  const slow = up.use(await startBox({ dir: join(dir, 'slow'), tls, env }));
  const each = up.use(await startBox({ dir: join(dir, 'slow-each'), tls, env, how: ['each'] }));
  const results: Result[] = [];
  for (const [count, goal] of [
    [16, 7],
    [64, 25],
  ] as const) {
    // prettier-ignore
    using together = await openLines(slow, count);
    using alone = await openLines(each, count);
    const seen = await alternating(rounds, {
      databox: () => rate(together.all, () => slow.point(), roundMs),
      each: () => rate(alone.all, () => each.point(), roundMs),
    });
    const name = `the same with ${slowMs} ms more for each fsync, ${count} clients ÷ committing each request`;
    results.push(ratio(name, seen.databox / seen.each, { goal, better: 'higher', figures: perSecond(seen) }));
  }
  using lines = await openLines(slow, clients);
  const slowly: Source = { place: slow, lines: lines.all, next: () => slow.point() };
  return [...results, ...(await measureReaders({ box, writing, slow, slowly }))];
}

type Both = { box: Box; writing: Source; slow: Box; slowly: Source };

/** What one who asks for the latest point notices of sixteen who write. */
async function measureReaders({ box, writing, slow, slowly }: Both): Promise<Result[]> {
  using line = await openLine(box);
  using slowLine = await openLine(slow);
  const ask = async (at: Line, of: Box): Promise<number> => median(await delays(at, () => of.read('/latest'), asks));
  const seen = await alternating(rounds, {
    idle: () => ask(line, box),
    busy: () => meanwhile(writing, () => ask(line, box)),
    slow: () => meanwhile(slowly, () => ask(slowLine, slow)),
  });
  const figures = Object.fromEntries(
    Object.entries(seen).map(([name, ms]) => [`${name}_p50_ms`, Number(ms.toFixed(3))]),
  );
  return [
    ratio('`latest` while 16 clients write ÷ idle, p50', seen.busy / seen.idle, {
      goal: 1.6,
      better: 'lower',
      figures,
    }),
    ratio(`the same with ${slowMs} ms more for each fsync ÷ without`, seen.slow / seen.busy, { goal: 1.1, better: 'lower', figures }), // prettier-ignore
  ];
}

/** Does the work while these lines are busy all the time. */
async function meanwhile<T>({ lines, next }: Source, work: () => Promise<T>): Promise<T> {
  let done = false;
  const all = Promise.all(
    lines.map(async (line) => {
      while (!done) await line.ask(next());
    }),
  );
  try {
    return await work();
  } finally {
    done = true;
    await all;
  }
}

export const absent = (peer: string): Result => ({
  ...{ name: `${peer} is not installed here: nothing was measured against it`, value: null, unit: 'none' },
  ...{ goal: null, better: 'higher', met: null },
});

const perSecond = (seen: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(seen)
      .filter(([, value]) => !Number.isNaN(value))
      .map(([name, value]) => [`${name}_per_s`, Math.round(value)]),
  );
