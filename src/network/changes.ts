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
import { addressChanges, applyChanges, heldAddresses } from './links.ts';
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
   * Puts the policy that `next` makes of the present one in force.
   * @throws Failure; what was widened is taken back, what was withdrawn stays withdrawn
   */
  make(next: (policy: Policy) => Policy): Promise<void>;
  /** Runs after the changes before it, and before those after it. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Cuts the open flows of these rows, which stay. */
  cut(rows: readonly Row[]): Promise<void>;
  /** Puts addresses back that somebody removed. Returns how many changes that took. */
  repairAddresses: () => Promise<number>;
  /** Tries again, in its time, what a withdrawal could not do; removes addresses that only stayed for resets. */
  tend: () => Promise<void>;
  /** Sentences for the owner, `[]` when all is in force. */
  problems(): string[];
};

/** By bridge; `dbx0` has those of the services. */
type Addresses = ReadonlyMap<string, ReadonlySet<Ip>>;
type State = { policy: Policy; tables: Tables; addresses: Addresses; stays: readonly Stay[] };

export function createChanges(options: ChangesOptions): Changes {
  const { worker, book, now = () => performance.now() } = options;
  let state: State = { policy: nobody, tables: nothing, addresses: new Map(), stays: [] };
  const debt = createDebt(now);
  const make = async (policy: Policy): Promise<void> => {
    const before = state;
    const stays = staysOf({ before: before.policy, after: policy, stays: before.stays, now: now() });
    const step = stepOf(before, stateOf(policy, stays, book));
    const { after, changes, widens } = step;
    const addresses = await attempt(() => holdAddresses(both(before.addresses, after.addresses)));
    // What only widens needs its addresses first; a withdrawal waits for nothing.
    if (addresses && (widens || (!changes && !debt.open))) throw addresses.err;
    state = after;
    const failed = await attempt(() => carryOut(step, debt, options));
    if (failed && widens) state = before;
    if (failed) throw failed.err;
    await holdAddresses(after.addresses);
  };
  return {
    policy: () => state.policy,
    tables: () => state.tables,
    make: (next) => make(next(state.policy)),
    inTurn: createTurns(),
    async cut(rows) {
      resetOwn(rows, options);
      const failed = await attempt(() => worker.call('settle', pairsOf(rows, nothing)));
      if (!failed) return;
      debt.owe([...debt.rows, ...rows], failed.err);
      throw failed.err;
    },
    repairAddresses: () => holdAddresses(state.addresses),
    async tend() {
      if (debt.due() || state.stays.some(({ until }) => until <= now())) await make(state.policy);
    },
    problems: () => debt.problems(),
  };
}

/** What the work threw, if it did. */
const attempt = (work: () => Promise<unknown>): Promise<{ err: unknown } | undefined> =>
  work().then(
    () => undefined,
    (err: unknown) => ({ err }),
  );

type Step = { before: State; after: State; gone: readonly Row[]; changes: boolean; widens: boolean };
function stepOf(before: State, after: State): Step {
  const gone = lost(before.tables, after.tables);
  // A peer that is not there has a name and no row; it is withdrawn all the same.
  const unnamed = [...before.tables.resolve].some(([asker, names]) =>
    [...names.keys()].some((name) => !after.tables.resolve.get(asker)?.has(name)),
  );
  const changes = !isDeepStrictEqual(before.tables, after.tables);
  return { before, after, gone, changes, widens: changes && !unnamed && gone.length === 0 };
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

function createTurns(): Changes['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined); // its caller hears of it; the next one's turn comes all the same
    return turn;
  };
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

/** Makes the bridges have exactly these single addresses. Returns how many changes that took. */
async function holdAddresses(wanted: Addresses): Promise<number> {
  const lines = addressChanges(await heldAddresses(), wanted);
  await applyChanges(lines);
  return lines.length;
}

const both = (a: Addresses, b: Addresses): Addresses =>
  new Map([...a.keys(), ...b.keys()].map((dev) => [dev, new Set([...(a.get(dev) ?? []), ...(b.get(dev) ?? [])])]));

/** All flows of a pair that has no row left; those of the row's port where another port stays agreed. */
function pairsOf(rows: readonly Row[], after: Tables): Pair[] {
  const staying = new Set([...after.transport.values()].map(({ src, dst }) => `${src} ${dst}`));
  return rows.map(({ src, dst, protocol, port }) =>
    staying.has(`${src} ${dst}`) ? { src, dst, protocol, port } : { src, dst },
  );
}
