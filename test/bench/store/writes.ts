/** writes — single durable points by many clients, beside InfluxDB, Redis and servers that do less. */
import { join } from 'node:path';
import type { Tls } from '../../../src/base/listen.ts';
import { absent, median, perSecond, ratio, type Result } from '../result.ts';
import { alternating } from './load.ts';
import { hasInflux, hasRedis, startInflux, startRedis } from './peers.ts';
import { type Box, slowDisk, slowMs, startBare, startBox } from './servers.ts';
import { measureReaders } from './readers.ts';
import { hasWrk, post, type Target } from './wrk.ts';

const rounds = 5;
const roundSeconds = 2;
const clients = 16;

type Bench = { dir: string; tls: Tls };

export async function measureWrites(bench: Bench): Promise<Result[]> {
  if (!hasWrk()) return [absent('wrk')];
  return [...(await measureRates(bench)), ...(await measureSlowly(bench)), ...(await measureReaders(bench))];
}

async function measureRates({ dir, tls }: Bench): Promise<Result[]> {
  await using up = new AsyncDisposableStack();
  const box = up.use(await startBox({ dir: join(dir, 'box'), tls }));
  const each = up.use(await startBox({ dir: join(dir, 'each'), tls, how: ['each'] }));
  const open = up.use(await startBox({ dir: join(dir, 'open'), tls, how: ['open'] }));
  const bare = up.use(await startBare(tls));
  const influx = hasInflux() ? up.use(await startInflux({ dir: join(dir, 'influx-writes'), tls })) : undefined;
  const redis = hasRedis() ? up.use(await startRedis(join(dir, 'redis'), tls)) : undefined;
  const latencies = { databox: [] as number[], influx: [] as number[] };
  const timed = (name: keyof typeof latencies, target: Target) => async () => {
    const { perSecond, p99Ms } = await post(target, { dir, clients }, roundSeconds);
    latencies[name].push(p99Ms);
    return perSecond;
  };
  const ways = {
    databox: timed('databox', box),
    each: writing(dir, each),
    open: writing(dir, open),
    bare: writing(dir, { ...bare, posting: box.posting }),
    influx: influx && timed('influx', influx),
    redis: redis && (() => redis.set(clients)),
  };
  await alternating(1, ways);
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
    stalls(latencies),
    await loopDelay(dir, box),
  ];
}

const writing =
  (dir: string, target: Target, count = clients) =>
  async (): Promise<number> =>
    (await post(target, { dir, clients: count }, roundSeconds)).perSecond;

/** Without a goal: stalls of the disk, which a virtual machine shares, are most of it. */
function stalls(latencies: Record<'databox' | 'influx', number[]>): Result {
  const value = median(latencies.databox);
  return {
    ...{ name: `of these writes, p99`, value, unit: 'ms', goal: null, better: 'lower', met: null },
    ...(latencies.influx.length > 0 && { influx_ms: median(latencies.influx) }),
  };
}

async function loopDelay(dir: string, box: Box): Promise<Result> {
  await box.delayMs();
  await post(box, { dir, clients }, roundSeconds);
  const value = Number((await box.delayMs()).toFixed(2));
  return {
    ...{ name: 'main thread’s delay under these writes, p99, 1 ms resolution', value, unit: 'ms' },
    ...{ goal: 5, better: 'lower', met: value <= 5 },
  };
}

/** The same with a disk whose every sync takes 5 ms more. */
async function measureSlowly({ dir, tls }: Bench): Promise<Result[]> {
  const env = slowDisk(dir);
  await using slow = await startBox({ dir: join(dir, 'slow'), tls, env });
  await using each = await startBox({ dir: join(dir, 'slow-each'), tls, env, how: ['each'] });
  const results: Result[] = [];
  for (const [count, goal] of [
    [16, 7],
    [64, 25],
  ] as const) {
    const seen = await alternating(rounds, { databox: writing(dir, slow, count), each: writing(dir, each, count) });
    const name = `the same with ${slowMs} ms more for each fsync, ${count} clients ÷ committing each request`;
    results.push(ratio(name, seen.databox / seen.each, { goal, better: 'higher', figures: perSecond(seen) }));
  }
  return results;
}
