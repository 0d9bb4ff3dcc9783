/** enforcer — the edge between the tables and the kernel: keeps the rules in force and judges first packets. */
import { Failure } from '../base/errors.ts';
import { type Cidr, type Ip, toNumber } from '../base/ipv4.ts';
import { cut, type OpenFlow, openFlows } from './conntrack.ts';
import { guard, type Guard } from './guard.ts';
import { openKernel } from './kernel.ts';
import { loadNative, type Native } from './native.ts';
import { icmp, openQueue, type Packet, type Queue, type QueueCounts, tcp, udp } from './queue.ts';
import { createFlows, type Flows, type PairCount, type Refusal, type Unlisted } from './refusals.ts';
import { createResets, type Resets } from './resets.ts';
import { aliveSet, resetMark } from './rules.ts';
import { type Flow, flowKey, masquerade, type Protocol, type Row, type Tables } from './tables.ts';

export type { PairCount, Refusal, Unlisted } from './refusals.ts';

/** Bits of the packet and connection mark that say "accepted"; other software owns the rest of the word. */
export type Mark = { value: number; mask: number };

export type EnforcerOptions = {
  /** NFQUEUE number. */
  queue: number;
  mark: Mark;
  /** Every component and service address is in this block; nobody outside it may talk to it. */
  pool: Cidr;
  /** New flows one component may open a second; more are dropped before they cost a verdict. */
  flowsPerSecond: number;
  /** The decision, once per flow; `null`, or a row that leads nowhere, drops it. */
  judge: (flow: Flow) => Row | null;
  /** The tables in force at the start. */
  tables: () => Tables;
  /** A flow was refused that is new in the record; at most 10 calls a second. */
  onRefused?: (refusal: Refusal) => void;
  /** Somebody removed rules of ours; they are back, `ms` after it was noticed. */
  onRepaired?: (repair: { ms: number }) => void;
  /** The kernel no longer takes our rules: the process must end (the gate stays shut). */
  onFailed?: (failure: Failure) => void;
};

export type Counters = {
  /** Flows by pair, all ports together, since start; refused ones for the last 64 destinations of a component. */
  pairs: PairCount[];
  /** Newest first; at most 64 destinations per component. */
  refused: Refusal[];
  /** What these 64 do not show any more, per component. */
  unlisted: Unlisted[];
  /** `judged`: verdicts given; `lost`: packets the kernel dropped because we were slow; `malformed`: dropped unread. */
  queue: QueueCounts;
};

/** Flows to cut, by what their opener sees. Without `protocol` and `port`: all flows of the pair. */
export type Pair = { src: Ip; dst: Ip; protocol?: Protocol; port?: number };

export type Enforcer = AsyncDisposable & {
  /** Resolves when the kernel rows of these tables are in force. Calls that wait behind one another are joined. */
  apply(tables: Tables): Promise<void>;
  /**
   * Cuts the open flows of these pairs, in both directions: tracked connections are deleted, TCP ends get a reset.
   * Swap the tables and `apply` them first, if the flows are not to come back.
   * @returns how many flows were cut
   */
  withdraw(pairs: readonly Pair[]): Promise<number>;
  counters(): Counters;
  /** The resolver answers: DNS passes for 3 s more. Call it every second. */
  alive(): void;
  /** How often removed rules were put back. */
  readonly repairs: number;
  /** Sentences for the owner, `[]` when all is well. */
  problems(): string[];
};

/** Entries of the set end by themselves when nobody renews them. */
const aliveSeconds = 3;
/** First packets that may wait for their verdict; a component's own rate is far below. */
const queueLength = 4_096;

/**
 * Puts the gate in place, cuts flows that no row allows any more, then opens the queue. Nothing passes before, and
 * nothing new after the process died: only disposing takes the rules away. A start that fails leaves the gate shut.
 * @throws Failure `network.refused` when the kernel, or Docker's firewall, does not allow it; `config.invalid` for a mark
 */
export async function startEnforcer(options: EnforcerOptions): Promise<Enforcer> {
  const { mark } = options;
  checkMark(mark);
  const native = loadNative();
  await using up = new AsyncDisposableStack();
  const kernel = await openKernel();
  let tables = options.tables();
  refusing(() => native.setCreate(aliveSet, aliveSeconds));
  const gate = up.use(await guard({ ...options, native, kernel, tables }));
  const resets = up.use(refusing(() => createResets(native, resetMark(mark))));
  const flows = createFlows(options.onRefused ?? (() => {}));
  const scissors = { native, resets, inside: (ip: Ip) => tables.components.has(ip) };
  cutAll(scissors, openFlows(native, mark).filter((flow) => !isAllowed(tables, flow))); // prettier-ignore
  const onPacket = (packet: Packet) => verdict(packet, { judge: options.judge, resets, flows, tables: () => tables });
  const queue = up.use(
    refusing(() => openQueue(native, { number: options.queue, length: queueLength, mark, onPacket })),
  );
  const running = up.move();
  return {
    apply(next) {
      tables = next;
      flows.keepOnly(new Set(next.components.keys()));
      return gate.apply(next);
    },
    withdraw(pairs) {
      const doomed = openFlows(native, mark).filter((flow) => pairs.some((pair) => isOf(pair, flow)));
      return Promise.resolve(cutAll(scissors, doomed));
    },
    counters: () => ({ ...recordOf(flows), queue: queue.counts() }),
    alive: () => native.setAdd(aliveSet, gatewaysOf(tables)),
    get repairs() {
      return gate.repairs;
    },
    problems: createProblems(gate, queue),
    async [Symbol.asyncDispose]() {
      await running.disposeAsync(); // no verdict any more, so nothing new
      await takeAway(native, mark, gate);
    },
  };
}

const recordOf = (flows: Flows) => ({
  pairs: flows.pairs(),
  refused: flows.refusals(),
  unlisted: flows.unlisted(),
});

async function takeAway(native: Native, mark: Mark, gate: Guard): Promise<void> {
  for (const flow of openFlows(native, mark)) cut(native, flow);
  await gate.remove();
  native.setDestroy(aliveSet);
}

type Scissors = { native: Native; resets: Resets; inside: (ip: Ip) => boolean };
function cutAll({ native, resets, inside }: Scissors, doomed: readonly OpenFlow[]): number {
  for (const flow of doomed) resets.arm(flow); // before its entry goes: its next packet may be on the way
  const gone = doomed.filter((flow) => cut(native, flow));
  for (const flow of doomed) resets.poke(flow, inside);
  return gone.length;
}

/** Both values that we use, accepted and reset, must be inside the mask and not be "no mark". */
function checkMark({ value, mask }: Mark): void {
  const inside = value !== 0 && (value & mask) >>> 0 === value;
  if (inside && resetMark({ value, mask }) !== 0) return;
  throw new Failure('config.invalid', 'network.mark must be a value of at least two bits inside its mask', {
    value,
    mask,
  });
}

type Court = { judge: EnforcerOptions['judge']; resets: Resets; flows: Flows; tables: () => Tables };

/** Drop, unless a row leads somewhere. */
function verdict(packet: Packet, { judge, resets, flows, tables }: Court): boolean {
  if (resets.answers(packet)) return false;
  const { src, dst, dport: port } = packet;
  const protocol = protocolOf(packet.protocol);
  if (protocol === 'tcp' || protocol === 'udp') {
    if (judge({ src, dst, protocol, port })?.to) {
      flows.accepted(src, dst);
      return true;
    }
  }
  const component = tables().components.get(src)?.name ?? '';
  flows.refused({ component, src, dst, protocol, port });
  resets.refuse(packet);
  return false;
}

const protocolOf = (number: number): Refusal['protocol'] =>
  number === tcp ? 'tcp' : number === udp ? 'udp' : number === icmp ? 'icmp' : 'other';

const isOf = ({ src, dst, protocol, port }: Pair, flow: OpenFlow): boolean =>
  flow.src === src &&
  flow.dst === dst &&
  (protocol === undefined || protocolOf(flow.protocol) === protocol) &&
  (port === undefined || flow.dport === port);

/**
 * Whether a flow that was accepted earlier would be accepted now, and led to the same place. An external name may have
 * moved meanwhile, or not been looked up yet: its flows stay.
 */
function isAllowed(tables: Tables, { src, dst, protocol: number, dport: port, reply }: OpenFlow): boolean {
  const page = tables.components.get(dst);
  if (page?.managerAddress === src) return true;
  const protocol = protocolOf(number);
  if (protocol !== 'tcp' && protocol !== 'udp') return false;
  const row = tables.transport.get(flowKey({ src, dst, protocol, port }));
  if (!row) return false;
  return row.snat === masquerade || (row.to?.ip === reply.src && row.to.port === reply.sport);
}

const gatewaysOf = (tables: Tables): Uint32Array =>
  Uint32Array.from([...tables.components.values()].map(({ gateway }) => toNumber(gateway)));

/** Late verdicts are a problem for ten minutes after the last one. */
const lateMs = 10 * 60_000;

function createProblems(gate: Guard, queue: Queue): () => string[] {
  let before = 0;
  let lateAt = -Infinity;
  return () => {
    const { lost } = queue.counts();
    if (lost > before) lateAt = performance.now();
    before = lost;
    const late =
      performance.now() - lateAt < lateMs ? [`${lost} new flows were dropped because verdicts were late`] : [];
    return [...gate.problems(), ...late];
  };
}

/** What the kernel refuses is a failure with a code, not a defect. */
function refusing<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('network.refused', reason, {}, { cause });
  }
}
