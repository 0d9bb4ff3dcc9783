/**
 * worker — the thread of enforcer and resolver: no handshake or big body of the main thread may delay a verdict or a
 * name. It is sent whole tables. Pictures of the rest of the process it has none.
 */
import { setInterval } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import type { Cidr, Ip } from '../base/ipv4.ts';
import { dataOfWorker, serveWorker } from '../base/worker.ts';
import { startEnforcer, type Counters, type Enforcer, type Mark, type Pair } from './enforcer.ts';
import { heldAddresses } from './links.ts';
import { createExternals, type WithheldName } from './names/externals.ts';
import { mayReach } from './names/reach.ts';
import { createResolver, type RefusedName } from './names/resolver.ts';
import { machineServers } from './names/servers.ts';
import { lookup, type Server } from './names/upstream.ts';
import { judge, nothing, pointed, type Tables } from './tables.ts';

export type WorkerData = {
  queue: number;
  mark: Mark;
  pool: Cidr;
  flowsPerSecond: number;
  publicRanges: readonly Cidr[];
  /** `[]`: the machine's. */
  upstream: readonly Server[];
};
export type WorkerView = {
  counters: Counters;
  names: RefusedName[];
  withheld: WithheldName[];
  problems: string[];
};
/** A sentence with its facts, for the main thread's log; `failed` ends the process. */
export type WorkerEvent = { sentence: string; facts: Record<string, unknown> };

/** The calls of the main thread. */
export type WorkerHandlers = {
  /** Shuts the gate, then opens the queue. */
  start(): Promise<void>;
  /** New flows and names are decided by these tables from now on; kernel rows are still the old ones. */
  swap(tables: Tables): void;
  /** Brings servers and kernel rows in line with the tables, then cuts the open flows of these pairs. */
  settle(pairs: readonly Pair[]): Promise<number>;
  view(): WorkerView;
  stop(): Promise<void>;
};

const options = dataOfWorker<WorkerData>();
const stopped = new AbortController();
let base = nothing;
let current = nothing;
let enforcer: Enforcer | undefined;

const externals = createExternals({
  tables: () => base,
  lookup: async (name) =>
    lookup(name, options.upstream.length > 0 ? options.upstream : await machineServers(), stopped.signal),
  mayReach: (ip, local) => mayReach(ip, local, options),
  changed: () => {
    current = pointed(base, externals.addresses);
    return running().apply(current);
  },
  onWithheld: (withheld) => say('answer withheld: the name leads inward', withheld),
});

const resolver = createResolver({
  tables: () => current,
  locate: (outside) => externals.locate(outside),
  onRefused: (component, name) => say('name refused', { component, name }),
});

const emit = serveWorker({
  async start() {
    const { queue, mark, pool, flowsPerSecond } = options;
    enforcer = await startEnforcer({
      ...{ queue, mark, pool, flowsPerSecond },
      judge: (flow) => judge(current, flow),
      tables: () => current,
      onRefused: ({ component, src, dst, protocol, port }) =>
        say('flow refused', { component, src, dst, protocol, port }),
      onRepaired: ({ ms }) => say('rules were removed by somebody and put back', { ms }),
      onFailed: ({ message }) => emit('failed', { sentence: message, facts: {} } satisfies WorkerEvent),
    });
    void beat().catch((err: unknown) => {
      if (!stopped.signal.aborted) throw err; // ends the thread, and with it the process
    });
  },
  swap(tables) {
    base = tables;
    externals.prune(base);
    resolver.prune(base);
    current = pointed(base, externals.addresses);
  },
  async settle(pairs) {
    const gateways = new Set([...base.components.values()].map(({ gateway }) => gateway));
    // Rows first: when a name server cannot be had, withdrawn rows must be gone all the same.
    await running().apply(current);
    const cut = pairs.length > 0 ? await running().withdraw(pairs) : 0;
    await resolver.serve(gateways);
    running().alive();
    return cut;
  },
  view() {
    const counters = running().counters();
    return { counters, names: resolver.refused(), withheld: externals.withheld(), problems: problems() };
  },
  async stop() {
    stopped.abort();
    await resolver[Symbol.asyncDispose]();
    await enforcer?.[Symbol.asyncDispose]();
  },
} satisfies WorkerHandlers);

/**
 * Names pass only while every server hears itself: a datagram that nobody reads here must not reach another program. A
 * gateway that is gone (somebody removed its network) hears nothing, and needs no answer.
 */
let silent: Ip[] = [];
async function beat(): Promise<void> {
  for await (const names of setInterval(1_000, resolver, { signal: stopped.signal })) {
    ({ silent } = names.pulse());
    const here = silent.length === 0 ? [] : [...(await heldAddresses()).values()].flat().map(({ ip }) => ip);
    if (!silent.some((gateway) => here.includes(gateway))) running().alive();
  }
}

const problems = (): string[] => [
  ...running().problems(),
  ...silent.map((gateway) => `the name server on ${gateway} does not answer`),
];

function running(): Enforcer {
  if (!enforcer) throw new Failure('databox.stopped', 'the network is not started');
  return enforcer;
}

function say(sentence: string, facts: WorkerEvent['facts']): void {
  emit('said', { sentence, facts } satisfies WorkerEvent);
}
