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
import { roomBeside } from './room.ts';
import type { Change, Outcome, WriterHandlers } from './protocol.ts';

/** Pages that SQLite keeps of each store. A box has ten and more, and the kernel keeps what was read as well. */
const cacheKib = 2_000;

type Store = { db: Sqlite; writer: Writer; hasRoom: () => boolean };
type Waiting = { changes: Change[]; settle: (outcomes: Outcome[]) => void };

const stores = new Map<string, Store>();
let waiting: Waiting[] = [];

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
    commitWaiting();
    stores.get(store)?.db.close();
    stores.delete(store);
  },
  // Messages that queued up while the last commit waited for the disk are all delivered before setImmediate fires.
  commit: (changes) =>
    new Promise((settle) => {
      if (waiting.push({ changes, settle }) === 1) setImmediate(commitWaiting);
    }),
};

const pageSize = (db: Sqlite): number => Number(db.pragma('page_size', { simple: true }));

/** Commits everything that waits, once for each store, and answers when all of it is on disk. */
function commitWaiting(): void {
  const batch = waiting;
  waiting = [];
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
  for (const answer of answers) answer();
  sealSoon();
}

/** Between two steps: writers have nearly all of it. */
const sealPauseMs = 50;
/** After one that failed, of a disk that is full maybe. */
const longPauseMs = 60_000;
let nextSeal: NodeJS.Timeout | undefined;

function sealSoon(pauseMs = sealPauseMs): void {
  if (nextSeal === undefined && [...stores.values()].some(isDue)) nextSeal = setTimeout(sealSome, pauseMs).unref();
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
    return store.db.transaction(() => changes.map((change) => apply(store, change))).immediate();
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
