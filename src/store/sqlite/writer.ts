/** The storage writer thread: the only one that opens store files for writing. */
import { Failure, problem, type Problem } from '../../base/errors.ts';
import { openDatabase, type Sqlite } from '../../base/sqlite.ts';
import { serveWorker } from '../../base/worker.ts';
import { migrations } from '../sql/schema.ts';
import { retentions } from '../sql/retention.ts';
import { usualSealing } from '../sql/seal.ts';
import { writer, type Writer } from '../sql/write.ts';
import type { Trim, Write } from '../engine.ts';
import { batchOf, countOf, partOf } from '../several.ts';
import type { Bulk } from '../sql/bulk.ts';
import { failureOf, isDamage } from './failures.ts';
import { createGathering, type Gathering } from './gathering.ts';
import { unpack } from './packing.ts';
import { roomBeside } from './room.ts';
import { type Change, type Damage, damageFound, type Outcome, type WriterHandlers } from './protocol.ts';
import { Rounds, type Round, type Waiting } from './rounds.ts';

/** Pages that SQLite keeps of each store. A box has ten and more, and the kernel keeps what was read as well. */
const cacheKib = 2_000;

type Store = {
  db: Sqlite;
  writer: Writer;
  /** Does it in one transaction. */
  atOnce: <T>(work: () => T) => T;
  hasRoom: () => boolean;
  gathering: Gathering;
  /** What the last commit took, without the changes that it was for. */
  syncMs: number;
};

const stores = new Map<string, Store>();
const rounds = new Rounds(commitAll);

const handlers: WriterHandlers = {
  open({ store, file, limitBytes, reserveBytes, sealing }) {
    let db: Sqlite | undefined;
    try {
      db = openDatabase(file, migrations);
      db.pragma(`cache_size = -${cacheKib}`);
      if (limitBytes !== null) db.pragma(`max_page_count = ${Math.ceil(limitBytes / pageSize(db))}`);
      const opened = {
        db,
        writer: writer(db, { ...usualSealing, ...sealing }),
        atOnce: transaction(db),
        hasRoom: roomBeside(file, reserveBytes),
        gathering: createGathering(),
        syncMs: 0,
      };
      const kept = retentions(db);
      stores.set(store, opened);
      return kept;
    } catch (err) {
      db?.close();
      throw failureOf(err);
    }
  },
  close({ store }) {
    rounds.finish();
    stores.get(store)?.db.close();
    stores.delete(store);
  },
  commit: (packed) =>
    new Promise((answer) => {
      const settle = (outcomes: Outcome[]): void => answer(outcomes.every((one) => one === null) ? null : outcomes);
      rounds.add({ changes: unpack(packed), settle });
    }),
};

/** Made once: better-sqlite3 takes as long for making it as for running it. */
function transaction(db: Sqlite): Store['atOnce'] {
  const run = db.transaction((work: () => unknown) => work());
  return <T>(work: () => T) => run.immediate(work) as T;
}

const pageSize = (db: Sqlite): number => Number(db.pragma('page_size', { simple: true }));

/** Once for each store; it is answered when all of it is on disk. */
function commitAll(batch: Waiting[]): Round {
  const all = batch.flatMap(({ changes }) => changes);
  const byStore = placesByStore(all);
  const outcomes: Outcome[] = all.map(() => null);
  for (const [name, places] of byStore) {
    const committed = commit(
      stores.get(name),
      places.map((place) => ready((all[place] as Change).change)),
    );
    committed.forEach((outcome, at) => (outcomes[places[at] as number] = outcome));
  }
  sealSoon();
  return { answer: () => answer(batch, outcomes), slow: slowOf(byStore) };
}

/** In order of arrival. */
function placesByStore(changes: readonly Change[]): Map<string, number[]> {
  const byStore = new Map<string, number[]>();
  changes.forEach(({ store }, place) => {
    const places = byStore.get(store);
    if (places) places.push(place);
    else byStore.set(store, [place]);
  });
  return byStore;
}

function answer(batch: readonly Waiting[], outcomes: readonly Outcome[]): void {
  let at = 0;
  for (const { changes, settle } of batch) settle(outcomes.slice(at, (at += changes.length)));
}

function slowOf(byStore: ReadonlyMap<string, readonly unknown[]>): Round['slow'] {
  return [...byStore].flatMap(([store, { length }]) => {
    const { gathering, syncMs = 0 } = stores.get(store) ?? {};
    return gathering?.committed(length, syncMs) ? [{ store, gathering }] : [];
  });
}

/** Between two steps: writers have nearly all of it. */
const sealPauseMs = 50;
/** After one that failed, of a disk that is full maybe. */
const longPauseMs = 60_000;
let nextSeal: NodeJS.Timeout | undefined;

function sealSoon(pauseMs = sealPauseMs): void {
  if (nextSeal !== undefined || ![...stores.values()].some(isDue)) return;
  // An immediate is later than the answers to what was just committed.
  nextSeal = setTimeout(() => setImmediate(sealSome), pauseMs).unref();
}

/** Makes some rows of each store a block. Nobody waits for it, and it is made again when it fails. */
function sealSome(): void {
  nextSeal = undefined;
  let pauseMs = sealPauseMs;
  for (const [store, { writer, atOnce }] of [...stores].filter(([, one]) => isDue(one))) {
    try {
      atOnce(writer.seal);
    } catch (err) {
      writer.forget();
      pauseMs = longPauseMs;
      const failure = failureOf(err);
      // Nobody asked, who would be told.
      if (isDamage(failure)) emit(damageFound, { store, problem: problem(failure) } satisfies Damage);
    }
  }
  sealSoon(pauseMs);
}

const isDue = ({ writer, hasRoom }: Store): boolean => writer.isDue() && hasRoom();

/** A change as it can be made again after a rollback: entries are read once. */
type Ready = Write | Trim | Read | { do: 'refuse'; refused: Problem };
type Read = { do: 'add'; bulk: Bulk } | { do: 'addNew'; bulk: Bulk; lines: number; rest: { refused?: Problem } };

function ready(change: Change['change']): Ready {
  if (change.do === 'lines') {
    const { lines, refused, ...entries } = partOf(change);
    return { do: 'addNew', bulk: { ...change, ...entries }, lines, rest: refused ? { refused: problem(refused) } : {} };
  }
  if (change.do !== 'batch') return change;
  try {
    return { do: 'add', bulk: { ...change, ...batchOf(change) } };
  } catch (err) {
    if (err instanceof Failure) return { do: 'refuse', refused: problem(err) };
    throw err;
  }
}

/** One transaction for all; if that fails, one for each, so that a change fails only for itself. */
function commit(store: Store | undefined, changes: Ready[]): Outcome[] {
  if (!store) return changes.map(() => problem(new Failure('store.unknown', 'the store is closed')));
  try {
    let applied = 0;
    const outcomes = store.atOnce(() => {
      const all = changes.map((change) => apply(store, change));
      applied = performance.now();
      return all;
    });
    store.syncMs = performance.now() - applied;
    return outcomes;
  } catch (err) {
    store.writer.forget();
    if (changes.length > 1) return changes.flatMap((change) => commit(store, [change]));
    return [{ ...problem(failureOf(err)), cause: String(err) }];
  }
}

/** @throws Failure `store.full` for what adds to a disk with too little room; deleting goes on */
function apply({ writer: to, hasRoom }: Store, change: Ready): Outcome {
  if (change.do === 'refuse') return change.refused;
  if (change.do === 'trim') return to.trim(change);
  const isOne = change.do !== 'add' && change.do !== 'addNew';
  // An outcome, not thrown: that would roll back what came together with it.
  if (isOne && !to.permits(change)) return problem(overtaken());
  const deletes = change.do === 'drop' || change.do === 'erase';
  if (!deletes && !hasRoom()) {
    throw new Failure('store.full', 'the disk is nearly full: what is left is for the box itself');
  }
  if (isOne) return to.apply(change);
  const entries = countOf(change.bulk);
  if (change.do === 'addNew') return { lines: change.lines, entries, known: to.applyNew(change.bulk), ...change.rest };
  to.applyAll(change.bulk);
  return entries;
}

const overtaken = (): Failure =>
  new Failure('precondition.failed', 'there is another value than the request is meant for, or none; read it again');

const emit = serveWorker(handlers);
