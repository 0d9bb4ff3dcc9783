/** enforcer — the edge between the tables and the kernel: keeps the rules in force and judges first packets. */
import { Failure } from '../base/errors.ts';
import type { Cidr, Ip } from '../base/ipv4.ts';
import type { Flow, Protocol, Row, Tables } from './tables.ts';

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
  /** The tables in force now: what a repair rebuilds. */
  tables: () => Tables;
  /** A flow was refused that is new in the record; at most 10 calls a second. */
  onRefused?: (refusal: Refusal) => void;
  /** Somebody removed rules of ours; they are back. */
  onRepaired?: (repair: { ms: number }) => void;
  /** The kernel no longer takes our rules: the process must end (the gate stays shut). */
  onFailed?: (failure: Failure) => void;
};

/** Refused attempts at one destination; `port` is 0 for protocols without ports. */
export type Refusal = {
  /** Last attempt, ms since the Unix epoch. */
  at: number;
  component: string;
  src: Ip;
  dst: Ip;
  protocol: Protocol | 'icmp' | 'other';
  port: number;
  count: number;
};

/** Flows from `src` to `dst` (as the component sees it), all ports together, since start. */
export type PairCount = { src: Ip; dst: Ip; accepted: number; refused: number };

export type Counters = {
  pairs: PairCount[];
  /** Newest first; at most 64 destinations per component. */
  refused: Refusal[];
  /** `judged`: verdicts given; `lost`: packets the kernel dropped because we were slow; `malformed`: not IPv4 as we read it. */
  queue: { judged: number; accepted: number; dropped: number; malformed: number; lost: number };
};

/** Flows to cut. Without `protocol` and `port`: all flows of the pair. */
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

/**
 * Puts the gate in place, then opens the queue. Nothing passes before, and nothing new after the process died.
 * @throws Failure `network.refused` when the kernel, or Docker's firewall, does not allow it
 */
export function startEnforcer(_options: EnforcerOptions): Promise<Enforcer> {
  return Promise.reject(new Failure('network.refused', 'the kernel side is being built'));
}
