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
import { failureOf } from './failures.ts';
import { createGathering, type Gathering } from './gathering.ts';
import { roomBeside } from './room.ts';
import type { Change, Outcome, WriterHandlers } from './protocol.ts';
import { Rounds, type Round, type Waiting } from './rounds.ts';

/** Pages that SQLite keeps of each store. A box has ten and more, and the kernel keeps what was read as well. */
const cacheKib = 2_000;

type Store = {
  db: Sqlite;
  writer: Writer;
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
  commit: (changes) => new Promise((settle) => rounds.add({ changes, settle })),
};

const pageSize = (db: Sqlite): number => Number(db.pragma('page_size', { simple: true }));

/** Once for each store; it is answered when all of it is on disk. */
function commitAll(batch: Waiting[]): Round {
  const byStore = new Map<string, { change: Change['change']; settle: (outcome: Outcome) => void }[]>();
  const answers = batch.map(({ changes, settle }) => {
    const outcomes = new Array<Outcome>(changes.length).fill(null);
    for (const [at, { store, change }] of changes.entries()) {
      const list = byStore.get(store) ?? [];
      list.push({ change, settle: (outcome) => (outcomes[at] = outcome) });
      byStore.set(store, list);
    }
    return () => settle(outcomes);
  });
  for (const [name, list] of byStore) {
    const outcomes = commit(
      stores.get(name),
      list.map(({ change }) => ready(change)),
    );
    for (const [at, { settle }] of list.entries()) settle(outcomes[at] as Outcome);
  }
  sealSoon();
  return { answer: () => answers.forEach((answer) => answer()), slow: slowOf(byStore) };
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
  for (const { db, writer } of [...stores.values()].filter(isDue)) {
    try {
      db.transaction(() => writer.seal()).immediate();
    } catch {
      writer.forget();
      pauseMs = longPauseMs;
    }
  }
  sealSoon(pauseMs);
}

const isDue = ({ writer, hasRoom }: Store): boolean => writer.isDue() && hasRoom();

/** A change as it can be made again after a rollback: entries are read once. */
type Ready =
  | { change: Write }
  | { trim: Trim }
  | { bulk: Bulk }
  | { bulk: Bulk; lines: number; rest: { refused?: Problem } }
  | { refused: Problem };

function ready(change: Change['change']): Ready {
  if (change.do === 'trim') return { trim: change };
  if (change.do === 'lines') {
    const { lines, refused, ...entries } = partOf(change);
    return { bulk: { ...change, ...entries }, lines, rest: refused ? { refused: problem(refused) } : {} };
  }
  if (change.do !== 'batch') return { change };
  try {
    return { bulk: { ...change, ...batchOf(change) } };
  } catch (err) {
    if (err instanceof Failure) return { refused: problem(err) };
    throw err;
  }
}

/** One transaction for all; if that fails, one for each, so that a change fails only for itself. */
function commit(store: Store | undefined, changes: Ready[]): Outcome[] {
  if (!store) return changes.map(() => problem(new Failure('store.unknown', 'the store is closed')));
  try {
    let applied = 0;
    const work = store.db.transaction(() => {
      const outcomes = changes.map((change) => apply(store, change));
      applied = performance.now();
      return outcomes;
    });
    const outcomes = work.immediate();
    store.syncMs = performance.now() - applied;
    return outcomes;
  } catch (err) {
    store.writer.forget();
    if (changes.length > 1) return changes.flatMap((change) => commit(store, [change]));
    return [{ ...problem(failureOf(err)), cause: String(err) }];
  }
}

/** @throws Failure `store.full` for what adds to a disk with too little room; deleting goes on */
function apply({ writer: to, hasRoom }: Store, ready: Ready): Outcome {
  if ('refused' in ready) return ready.refused;
  if ('trim' in ready) return to.trim(ready.trim);
  // An outcome, not thrown: that would roll back what came together with it.
  if ('change' in ready && !to.permits(ready.change)) return problem(overtaken());
  const deletes = 'change' in ready && (ready.change.do === 'drop' || ready.change.do === 'erase');
  if (!deletes && !hasRoom()) {
    throw new Failure('store.full', 'the disk is nearly full: what is left is for the box itself');
  }
  if ('change' in ready) return to.apply(ready.change);
  const entries = countOf(ready.bulk);
  if ('lines' in ready) return { lines: ready.lines, entries, known: to.applyNew(ready.bulk), ...ready.rest };
  to.applyAll(ready.bulk);
  return entries;
}

const overtaken = (): Failure =>
  new Failure('precondition.failed', 'there is another value than the request is meant for, or none; read it again');

serveWorker(handlers);
