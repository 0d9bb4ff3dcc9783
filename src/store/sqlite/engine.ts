import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Failure, failureFrom } from '../../base/errors.ts';
import { startWorker, type WorkerClient } from '../../base/worker.ts';
import type { Engine } from '../engine.ts';
import type { Change, OpenRequest, Outcome, ReaderHandlers, WriterHandlers } from './protocol.ts';

/** Of each file, and what is left free on the disk; null: none, and the usual. */
type Limits = Pick<OpenRequest, 'limitBytes' | 'reserveBytes'>;
type Threads = { writer: WorkerClient<WriterHandlers>; reader: WorkerClient<ReaderHandlers> };

/** SQLite, WAL and `synchronous=FULL`: `<dir>/<store>.sqlite`, written by one thread, read by another. */
export function startSqliteEngine({ dir, ...limits }: { dir: string } & Limits): Engine {
  const writer = startWorker<WriterHandlers>(new URL('./writer.ts', import.meta.url), null);
  const reader = startWorker<ReaderHandlers>(new URL('./reader.ts', import.meta.url), null);
  const batch = batcher(writer);
  const close = async (store: string): Promise<void> => {
    await reader.call('close', { store });
    batch.send();
    // Last: it folds the write-ahead log into the file.
    await writer.call('close', { store });
  };
  return {
    failed: Promise.race([writer.died, reader.died]),
    async answers() {
      await Promise.all([writer.answers(), reader.answers()]);
    },
    async open(store) {
      try {
        await openFile({ writer, reader }, { store, file: filesOf(dir, store)[0], ...limits });
      } catch (err) {
        await close(store);
        throw err;
      }
    },
    close,
    async remove(store) {
      await close(store);
      for (const file of filesOf(dir, store)) await rm(file, { force: true });
    },
    write: (store, change) => batch.add({ store, change }),
    read: (store, question, next) => reader.call('read', { store, question, next }),
    async statistics(store) {
      const bytes = await bytesOf(filesOf(dir, store));
      return { bytes, datasources: await reader.call('datasources', { store }) };
    },
    async [Symbol.asyncDispose]() {
      await reader[Symbol.asyncDispose]();
      await writer[Symbol.asyncDispose]();
    },
  };
}

/** The writer first: it creates the file and brings it up to date. */
async function openFile({ writer, reader }: Threads, request: OpenRequest): Promise<void> {
  await writer.call('open', request);
  await reader.call('open', request);
}

/** The database, its write-ahead log and the log's index. */
const filesOf = (dir: string, store: string) => {
  const file = join(dir, `${store}.sqlite`);
  return [file, `${file}-wal`, `${file}-shm`] as const;
};

async function bytesOf(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    bytes += await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}

type Waiting = Change & { resolve: () => void; reject: (err: Failure) => void };

/** Sends what arrives in one turn of the event loop as one message: a message costs more than a row. */
function batcher(writer: WorkerClient<WriterHandlers>) {
  let waiting: Waiting[] = [];
  const send = (): void => {
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    const changes = batch.map(({ store, change }) => ({ store, change }));
    writer.call('commit', changes).then(
      (outcomes) => batch.forEach((one, at) => settle(one, outcomes[at] ?? null)),
      (err: Failure) => batch.forEach(({ reject }) => reject(err)),
    );
  };
  const add = (change: Change): Promise<void> =>
    new Promise((resolve, reject) => {
      if (waiting.push({ ...change, resolve, reject }) === 1) setImmediate(send);
    });
  return { add, send };
}

function settle({ resolve, reject }: Waiting, outcome: Outcome): void {
  if (outcome === null) resolve();
  else reject(failureFrom(outcome, 'the change was not stored'));
}
