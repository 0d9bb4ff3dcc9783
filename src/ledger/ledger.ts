import type { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Deed } from '../base/uses.ts';
import { startWorker, type WorkerClient } from '../base/worker.ts';
import { createBounds } from './bounds.ts';
import type { Count } from './counts.ts';
import {
  earlier,
  type Access,
  type AccessRow,
  type Entry,
  type Looking,
  type NewEntry,
  type Verdict,
} from './entry.ts';
import type { Stamped } from './entries.ts';
import { lineFaults, type LineOf } from './lines.ts';
import { createTally } from './tally.ts';
import type { LedgerHandlers } from './worker.ts';

export type LedgerOptions = {
  /** For the database, the secret and the head; mode 0700. */
  dir: string;
  log: Log;
  /** Lines of the export ledger, which is held against the chain; absent: it is not. */
  lineOf?: LineOf;
  /** Uses are on disk after so long; default 10 s. */
  flushMs?: number;
};

export type Ledger = AsyncDisposable & {
  /** A number in memory; on disk within `flushMs`, and at once on the way down. */
  readonly count: (access: Access) => void;
  /** Resolves when the entry is on disk. @throws Failure `ledger.unavailable` */
  readonly record: (entry: NewEntry) => Promise<void>;
  /** As `record`, within a rate: beyond it the deed is counted, and the next entry says how many there were. */
  readonly actuated: (deed: Deed) => Promise<void>;
  /** The same. Never fails: what was refused stays refused. */
  readonly refused: (deed: Deed) => Promise<void>;
  /** Uses: one row for each component and datasource, or with `each` as they are kept. What waits is written first. */
  accesses(o: Looking & { each?: boolean }): Promise<AccessRow[]>;
  /** Newest first. */
  entries(o: Looking): Promise<Entry[]>;
  verify(): Promise<Verdict>;
  /** What is wrong, as sentences for the owner. */
  problems(): string[];
  /** Resolves once the ledger's thread has answered, at once when it was never needed. */
  answers(): Promise<void>;
  /** Resolves if the ledger's thread died: nothing can be recorded any more, the process must end. */
  readonly failed: Promise<Failure>;
};

/** Uses that wait while the file cannot be written; more are given up. */
const mostWaiting = 100_000;

/** Its thread starts when there is something to write or to read. */
export function startLedger({ dir, log, lineOf, flushMs = 10_000 }: LedgerOptions): Ledger {
  const thread = createThread(dir);
  const faults = createFaults(log);
  const flushing = createFlushing({ write: (rows) => faults.watch(thread.run().call('count', rows)), flushMs });
  const append = batcher((entries) => faults.watch(thread.run().call('append', entries)));
  const bounds = createBounds();
  const record = ({ ...entry }: NewEntry): Promise<void> => append({ ...entry, at: Date.now() });
  const listed = (kind: 'actuation' | 'refusal', { facts, ...deed }: Deed): Promise<void> => {
    const count = bounds.take(kind, deed.component);
    return count === 0 ? Promise.resolve() : record({ ...deed, kind, facts: { ...facts, count } });
  };
  return {
    ...{ count: flushing.add, record },
    actuated: (deed) => listed('actuation', deed),
    async refused(deed) {
      flushing.add({ component: deed.component, store: deed.target, datasource: '*', refused: 1 });
      // The fault is told by `problems`.
      await listed('refusal', deed).catch(() => {});
    },
    async accesses({ each = false, ...o }) {
      await flushing.flush();
      return thread.run().call('accesses', { ...o, each });
    },
    entries: (o) => thread.run().call('entries', o),
    verify: async () => held(await thread.run().call('verify', null), thread.run(), lineOf),
    problems: faults.problems,
    ...{ answers: thread.answers, failed: thread.failed },
    async [Symbol.asyncDispose]() {
      await flushing.flush();
      await thread.end();
    },
  };
}

/** A chain that is broken is not held against anything: its first broken entry is known. */
async function held(verdict: Verdict, thread: Thread, lineOf: LineOf | undefined): Promise<Verdict> {
  if (!lineOf || !verdict.intact) return verdict;
  const broken = await lineFaults((after) => thread.call('sent', after), lineOf);
  return { ...verdict, intact: broken.length === 0, broken: broken.toSorted(earlier) };
}

type Thread = WorkerClient<LedgerHandlers>;

function createThread(dir: string) {
  const died = Promise.withResolvers<Failure>();
  let client: Thread | undefined;
  const start = () => startWorker<LedgerHandlers>(new URL('./worker.ts', import.meta.url), { dir });
  return {
    failed: died.promise,
    run() {
      if (client) return client;
      client = start();
      void client.died.then(died.resolve);
      return client;
    },
    answers: async () => void (await client?.answers()),
    async end() {
      await client?.call('close', null).catch(() => {});
      await client?.[Symbol.asyncDispose]();
    },
  };
}

/** Tells the journal when the ledger begins to fail, and the owner for as long as it does. */
function createFaults(log: Log) {
  let fault: string | undefined;
  return {
    async watch<T>(work: Promise<T>): Promise<T> {
      try {
        const result = await work;
        fault = undefined;
        return result;
      } catch (err) {
        if (fault === undefined) log.error({ err }, 'the access ledger cannot be written');
        fault = (err as Error).message;
        throw err;
      }
    },
    problems: () => (fault === undefined ? [] : [`The access ledger is not written: ${fault}.`]),
  };
}

/** Writes what was counted in bulk, a while after the first. What could not be written is tried again with the next. */
function createFlushing({ write, flushMs }: { write: (rows: Count[]) => Promise<void>; flushMs: number }) {
  let waiting: Count[] = [];
  let timer: NodeJS.Timeout | undefined;
  const later = (): void => void (timer ??= setTimeout(() => void flush(), flushMs).unref());
  const tally = createTally(later);
  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const rows = [...waiting, ...tally.take()];
    waiting = [];
    if (rows.length === 0) return;
    await write(rows).catch(() => {
      waiting = [...rows, ...waiting].slice(-mostWaiting);
      later();
    });
  }
  return { add: tally.add, flush };
}

type Pending = { entry: Stamped; resolve: () => void; reject: (err: unknown) => void };

/** Entries of one turn of the event loop go together: they cost one commit. */
function batcher(send: (entries: Stamped[]) => Promise<void>) {
  let waiting: Pending[] = [];
  const sendAll = (): void => {
    const batch = waiting;
    waiting = [];
    send(batch.map(({ entry }) => entry)).then(
      () => batch.forEach(({ resolve }) => resolve()),
      (err: unknown) => batch.forEach(({ reject }) => reject(err)),
    );
  };
  return (entry: Stamped): Promise<void> =>
    new Promise((resolve, reject) => {
      if (waiting.push({ entry, resolve, reject }) === 1) setImmediate(sendAll);
    });
}
