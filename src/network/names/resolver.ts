/** resolver — a name server on every component network's gateway, answering by arrival network and source address. */
import type { Ip } from '../../base/ipv4.ts';
import { createLimiter } from '../../base/rate.ts';
import type { Tables } from '../tables.ts';
import { decide } from './answer.ts';
import type { Located, Outside } from './externals.ts';
import { rcode, read, write, type Query } from './message.ts';
import { startNameServer, type NameServer } from './server.ts';

export type ResolverOptions = {
  tables: () => Tables;
  locate: (outside: Outside) => Promise<Located>;
  /** A component asked for a name that it did not agree, for the first time. */
  onRefused?: (component: string, name: string) => void;
  /** 53, or for tests another one; 0 takes free ones. */
  port?: number;
};

export type RefusedName = { component: string; name: string; count: number };

export type Resolver = AsyncDisposable & {
  /**
   * Listens on these gateways, and on no other any more.
   * @throws Failure `network.refused` for an address that is not ours or is taken
   */
  serve(gateways: Iterable<Ip>): Promise<void>;
  /** Which servers answer: each heard itself since the last pulse. Call it every second. */
  pulse(): { answering: Ip[]; silent: Ip[] };
  /** Names that were not agreed, per component at most 256 and then the rest together. */
  refused(): RefusedName[];
  /** Forgets what components asked for that these tables no longer have. */
  prune(tables: Tables): void;
  /** Where this gateway's server listens. */
  portOf(gateway: Ip): number | undefined;
};

/** Queries that one component may ask: bursts of twin A/AAAA lookups pass, storms do not. */
const queries = { burst: 4_000, perSecond: 1_000 };
const namesPerComponent = 256;

export function createResolver(options: ResolverOptions): Resolver {
  const { tables, port = 53 } = options;
  const servers = new Map<Ip, NameServer>();
  const limiter = createLimiter(queries);
  const refusals = createRefusals(options.onRefused);
  const replyAt = (gateway: Ip) => async (asker: Ip, message: Buffer) => {
    const place = tables().components.get(asker);
    if (place?.gateway !== gateway || limiter.take(asker) > 0) return null;
    const reading = read(message);
    if (reading === null || 'refusal' in reading) return reading?.refusal ?? null;
    const decision = decide(tables(), asker, reading.query);
    if (decision.do === 'lookup') return external(reading.query, { ...decision, asker }, options);
    if (decision.refused) refusals.add(place.name, reading.query.name);
    return write(reading.query, decision.rcode, decision.answer);
  };
  return {
    async serve(gateways) {
      const wanted = new Set(gateways);
      await stop(
        servers,
        [...servers.keys()].filter((gateway) => !wanted.has(gateway)),
      );
      for (const gateway of wanted) {
        if (servers.has(gateway)) continue;
        servers.set(gateway, await startNameServer({ gateway, port, reply: replyAt(gateway) }));
      }
    },
    pulse() {
      const heard = [...servers].map(([gateway, server]) => ({ gateway, answering: server.pulse() }));
      const pick = (answering: boolean) =>
        heard.filter((one) => one.answering === answering).map(({ gateway }) => gateway);
      return { answering: pick(true), silent: pick(false) };
    },
    refused: () => refusals.list(),
    prune: (next) => refusals.keepOnly(next),
    portOf: (gateway) => servers.get(gateway)?.port,
    [Symbol.asyncDispose]: () => stop(servers, [...servers.keys()]),
  };
}

async function stop(servers: Map<Ip, NameServer>, gateways: readonly Ip[]): Promise<void> {
  const gone = gateways.flatMap((gateway) => servers.get(gateway) ?? []);
  for (const gateway of gateways) servers.delete(gateway);
  await Promise.all(gone.map((server) => server[Symbol.asyncDispose]()));
}

/** The rows lead to the name's address before its answer leaves. */
async function external(
  query: Query,
  outside: Outside & { address: Ip },
  { locate }: ResolverOptions,
): Promise<Buffer | null> {
  const located = await locate(outside).catch(() => rcode.failed);
  if (located === 'ok') return write(query, rcode.ok, { type: 'a', address: outside.address });
  return write(query, located === 'empty' ? rcode.ok : located);
}

function createRefusals(onFirst: ResolverOptions['onRefused']) {
  const counts = new Map<string, Map<string, number>>();
  return {
    add(component: string, asked: string | null) {
      const names = counts.get(component) ?? new Map<string, number>();
      counts.set(component, names);
      const exact = asked ?? '(not a host name)';
      const name = names.has(exact) || names.size < namesPerComponent ? exact : '(further names)';
      const count = names.get(name) ?? 0;
      names.set(name, count + 1);
      if (count === 0) onFirst?.(component, name);
    },
    keepOnly({ components }: Tables) {
      const names = new Set([...components.values()].map(({ name }) => name));
      for (const component of counts.keys()) if (!names.has(component)) counts.delete(component);
    },
    list: (): RefusedName[] =>
      [...counts].flatMap(([component, names]) => [...names].map(([name, count]) => ({ component, name, count }))),
  };
}
