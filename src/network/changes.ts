/**
 * changes — one policy after the other, in force when its promise resolves. Withdrawal in five steps: (1) the tables are
 * swapped, so no new flow or name passes; (2) the in-process sockets of the pair are reset; (3) kernel rows go; (4) open
 * connections are deleted in both directions; (5) what is still sent gets a reset.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Ip } from '../base/ipv4.ts';
import type { Log } from '../base/log.ts';
import type { WorkerClient } from '../base/worker.ts';
import { systemBridge, type Book } from './book.ts';
import { createDebt, type Debt } from './debt.ts';
import type { Pair } from './enforcer.ts';
import { both, createHolding, type Addresses, type Holding } from './holding.ts';
import { createQueue } from './joining.ts';
import { nobody, spoofs, tablesOf, type Policy } from './policy.ts';
import { staysOf, type Stay } from './stays.ts';
import { lost, nothing, type Row, type Tables } from './tables.ts';
import type { WorkerHandlers } from './worker.ts';

export type ChangesOptions = {
  book: Book;
  worker: WorkerClient<WorkerHandlers>;
  log: Log;
  resetSockets: (service: string, caller: Ip) => number;
  /** ms of a clock that nobody sets. */
  now?: () => number;
};

export type Changes = {
  policy(): Policy;
  tables(): Tables;
  /**
   * Puts the policy that `next` makes of the present one in force, after the changes before it. Those that wait and
   * withdraw nothing are made in one step.
   * @throws Failure; what was widened is taken back, what was withdrawn stays withdrawn
   */
  make(next: Change): Promise<void>;
  /** Cuts the open flows of these rows of the present tables, which stay. */
  cut(which: (row: Row) => boolean): Promise<void>;
  /** Puts addresses back that somebody removed. Returns how many changes that took. */
  repairAddresses: () => Promise<number>;
  /** Bridges were made anew: their addresses are looked up before the next change. */
  mistrust: () => Promise<void>;
  /** Tries again, in its time, what a withdrawal could not do; removes addresses that only stayed for resets. */
  tend: () => Promise<void>;
  /** Sentences for the owner, `[]` when all is in force. */
  problems(): string[];
};

export type Change = (policy: Policy) => Policy;
type State = { policy: Policy; tables: Tables; addresses: Addresses; stays: readonly Stay[] };

export function createChanges(options: ChangesOptions): Changes {
  const { worker, now = () => performance.now() } = options;
  const debt = createDebt(now);
  const { hold, mistrust } = createHolding();
  const course = createCourse({ ...options, now, debt, hold });
  const { inTurn, enqueue } = createQueue<Change, Policy>({
    joined: (changes) => course.joined(changes),
    makeAll: (policy) => course.make(policy),
    make: async (change) => course.make(change(course.state().policy)),
  });
  return {
    policy: () => course.state().policy,
    tables: () => course.state().tables,
    make: enqueue,
    cut: (which) =>
      inTurn(async () => {
        const rows = [...course.state().tables.transport.values()].filter(which);
        resetOwn(rows, options);
        const failed = await attempt(() => worker.call('settle', pairsOf(rows, nothing)));
        if (!failed) return;
        debt.owe([...debt.rows, ...rows], failed.err);
        throw failed.err;
      }),
    // In turn: a change under way would remember what it made of the old ones.
    mistrust: () => inTurn(() => Promise.resolve(mistrust())),
    repairAddresses: () =>
      inTurn(() => {
        mistrust();
        return hold(course.state().addresses);
      }),
    tend: () =>
      inTurn(async () => {
        const { stays, policy } = course.state();
        if (debt.due() || stays.some(({ until }) => until <= now())) await course.make(policy);
      }),
    problems: () => debt.problems(),
  };
}

type CourseOptions = ChangesOptions & { now: () => number; debt: Debt; hold: Holding['hold'] };

/** The present state, and the way from one to the next. Callers take turns. */
function createCourse(options: CourseOptions) {
  const { book, now, debt, hold } = options;
  let state: State = { policy: nobody, tables: nothing, addresses: new Map(), stays: [] };
  const stepTo = (from: State, policy: Policy): Step => {
    const stays = staysOf({ before: from.policy, after: policy, stays: from.stays, now: now() });
    return stepOf(from, stateOf(policy, stays, book));
  };
  return {
    state: () => state,
    async make(policy: Policy): Promise<void> {
      const before = state;
      const step = stepTo(before, policy);
      const { after, changes, widens } = step;
      const addresses = await attempt(() => hold(both(before.addresses, after.addresses)));
      // What only widens needs its addresses first; a withdrawal waits for nothing.
      if (addresses && (widens || (!changes && !debt.open))) throw addresses.err;
      state = after;
      const failed = await attempt(() => carryOut(step, debt, options));
      if (failed && widens) state = before;
      if (failed) throw failed.err;
      await hold(after.addresses);
    },
    /** Where these changes lead, if none of them withdraws: a withdrawal is not to be undone unseen by what follows it. */
    joined(changes: readonly Change[]): Policy | undefined {
      let at = state;
      for (const change of changes) {
        const { after, withdraws } = stepTo(at, change(at.policy));
        if (withdraws) return undefined;
        at = after;
      }
      return at.policy;
    },
  };
}

/** What the work threw, if it did. */
const attempt = (work: () => Promise<unknown>): Promise<{ err: unknown } | undefined> =>
  work().then(
    () => undefined,
    (err: unknown) => ({ err }),
  );

type Step = {
  before: State;
  after: State;
  gone: readonly Row[];
  changes: boolean;
  withdraws: boolean;
  widens: boolean;
};

function stepOf(before: State, after: State): Step {
  const gone = lost(before.tables, after.tables);
  // A peer that is not there has a name and no row; it is withdrawn all the same.
  const unnamed = [...before.tables.resolve].some(([asker, names]) =>
    [...names.keys()].some((name) => !after.tables.resolve.get(asker)?.has(name)),
  );
  const changes = !isDeepStrictEqual(before.tables, after.tables);
  const withdraws = unnamed || gone.length > 0;
  return { before, after, gone, changes, withdraws, widens: changes && !withdraws };
}

/** With what is owed from before. What fails is owed from now on, or taken back when it only widens. */
async function carryOut(step: Step, debt: Debt, options: ChangesOptions): Promise<void> {
  const { before, after, gone, changes, widens } = step;
  if (!debt.open && !changes) return;
  const owed = [...debt.rows, ...gone];
  const failed = await attempt(() => enforce(after.tables, owed, options));
  if (!failed) return debt.settle();
  if (debt.open || !widens) debt.owe(owed, failed.err);
  if (widens) await takeBack(before.tables, debt, options);
  throw failed.err;
}

/** The five steps; step 2 is here because the sockets are of this thread, the others are the worker's. */
async function enforce(tables: Tables, gone: readonly Row[], options: ChangesOptions): Promise<void> {
  await options.worker.call('swap', tables);
  resetOwn(gone, options);
  await options.worker.call('settle', pairsOf(gone, tables));
}

async function takeBack(tables: Tables, debt: Debt, { worker, log }: ChangesOptions): Promise<void> {
  try {
    await worker.call('swap', tables);
    await worker.call('settle', []);
  } catch (err) {
    log.error({ err }, 'change not undone yet'); // its own failure goes to the caller
    debt.owe(debt.rows, err);
  }
}

function resetOwn(rows: readonly Row[], { resetSockets }: ChangesOptions): void {
  const own = rows.filter(({ snat }) => snat === null);
  const callers = Map.groupBy(own, ({ peer }) => peer);
  for (const [service, lines] of callers)
    for (const src of new Set(lines.map((row) => row.src))) resetSockets(service, src);
}

function stateOf(policy: Policy, stays: readonly Stay[], book: Book): State {
  const wanted = [...spoofs(policy), ...stays.map(({ network, peer }) => [network, peer] as const)];
  const spoofed = book.spoof(wanted);
  const addresses = new Map([[systemBridge, new Set([...policy.services.values()].map(({ address }) => address))]]);
  for (const [network, peer] of wanted) {
    const bridge = policy.components.get(network)?.bridge ?? '';
    addresses.set(bridge, (addresses.get(bridge) ?? new Set()).add(spoofed(network, peer)));
  }
  return { policy, tables: tablesOf(policy, spoofed), addresses, stays };
}

/** All flows of a pair that has no row left; those of the row's port where another port stays agreed. */
function pairsOf(rows: readonly Row[], after: Tables): Pair[] {
  const staying = new Set([...after.transport.values()].map(({ src, dst }) => `${src} ${dst}`));
  return rows.map(({ src, dst, protocol, port }) =>
    staying.has(`${src} ${dst}`) ? { src, dst, protocol, port } : { src, dst },
  );
}
