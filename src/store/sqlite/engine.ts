import { type Failure, failureFrom } from '../../base/errors.ts';
import { startWorker, type WorkerClient } from '../../base/worker.ts';
import type { Engine, Taken } from '../engine.ts';
import { createArchive } from './archive.ts';
import { fileOf, finishExchange, removeStore, sizeOf, tidy } from './exchange.ts';
import { failureOf } from './failures.ts';
import {
  type Change,
  type Damage,
  damageFound,
  type Kept,
  type OpenRequest,
  type Outcome,
  type Packed,
  type WriterHandlers,
} from './protocol.ts';
import { pack } from './packing.ts';
import { createReading } from './reading.ts';

/** Of each file, and what is left free on the disk; null: none, and the usual. */
type Limits = Pick<OpenRequest, 'limitBytes' | 'reserveBytes' | 'sealing'>;

type Options = {
  dir: string;
  readerRestMs?: number | undefined;
  /** Called when a file turns out to be damaged while nobody waits for an answer. */
  onDamage: (store: string, failure: Failure) => void;
} & Limits;

/**
 * SQLite, WAL and `synchronous=FULL`: `<dir>/<store>.sqlite`, written by one thread, read by another, or here when little is
 * asked. Neither thread is started before a store needs it.
 */
export function startSqliteEngine({ dir, readerRestMs, onDamage, ...limits }: Options): Engine {
  const died = Promise.withResolvers<Failure>();
  const writer = onceAsked(died.resolve, onDamage);
  const reading = createReading(died.resolve, readerRestMs);
  tidy(dir);
  const batch = batcher((packed, bodies) => writer.run().call('commit', packed, bodies));
  const close = async (store: string): Promise<void> => {
    await reading.drop(store);
    batch.send();
    // Last: it folds the write-ahead log into the file.
    await writer.running()?.call('close', { store });
  };
  return {
    failed: died.promise,
    async answers() {
      await Promise.all([writer.running()?.answers(), reading.answers()]);
    },
    async open(store) {
      const file = fileOf(dir, store);
      try {
        finishExchange(file);
        // Creates the file and brings it up to date.
        const retentions = await writer.run().call('open', { store, file, ...limits });
        reading.add(store, file);
        return retentions;
      } catch (err) {
        await close(store);
        throw failureOf(err);
      }
    },
    close,
    remove: (store) => close(store).then(() => removeStore(fileOf(dir, store))),
    ...changing(batch.add),
    read: reading.read,
    overflow: (store, about) => reading.ask('overflow', { store, about }),
    async statistics(store) {
      return { bytes: await sizeOf(dir, store), datasources: await reading.ask('datasources', { store }) };
    },
    ...createArchive(dir, limits.reserveBytes),
    [Symbol.asyncDispose]: () => end(reading, writer.running()),
  };
}

type Add = (change: Change) => Promise<Kept>;
const changing = (add: Add): Pick<Engine, 'write' | 'writeAll' | 'writeLines' | 'trim'> => ({
  write: (store, change) => add({ store, change }) as Promise<string | null>,
  writeAll: (store, change) => add({ store, change }) as Promise<number>,
  writeLines: (store, change) => add({ store, change }) as Promise<Taken>,
  trim: (store, change) => add({ store, change }) as Promise<number>,
});

const end = async (...threads: (AsyncDisposable | undefined)[]): Promise<void> => {
  for (const thread of threads) await thread?.[Symbol.asyncDispose]();
};

/** The writer thread, from the moment that it is first asked for. */
function onceAsked(onDeath: (failure: Failure) => void, onDamage: Options['onDamage']) {
  let client: WorkerClient<WriterHandlers> | undefined;
  const run = (): WorkerClient<WriterHandlers> => {
    if (client) return client;
    client = startWorker<WriterHandlers>(new URL('./writer.ts', import.meta.url), null, (event, said: Damage) => {
      if (event === damageFound) onDamage(said.store, failureFrom(said.problem, 'the file of the store is damaged'));
    });
    void client.died.then(onDeath);
    return client;
  };
  return { run, running: () => client };
}

type Waiting = Pick<PromiseWithResolvers<Kept>, 'resolve' | 'reject'>;
/** What is sent next. The memory of a body goes over to the thread: whoever sent it has given it away. */
type Batch = { packed: Packed; bodies: ArrayBuffer[]; waiting: Waiting[] };
const nothing = (): Batch => ({ packed: [], bodies: [], waiting: [] });

/** Sends what arrives in one turn of the event loop as one message: a message costs more than a row. */
function batcher(commit: (packed: Packed, bodies: ArrayBuffer[]) => Promise<Outcome[] | null>) {
  let next = nothing();
  const send = (): void => {
    const { packed, bodies, waiting } = next;
    if (waiting.length === 0) return;
    next = nothing();
    commit(packed, bodies).then(
      (outcomes) => waiting.forEach((one, at) => settle(one, outcomes?.[at] ?? null)),
      (err: Failure) => waiting.forEach(({ reject }) => reject(err)),
    );
  };
  const add: Add = (change) => {
    const { promise, resolve, reject } = Promise.withResolvers<Kept>();
    pack(next.packed, change);
    if ('body' in change.change) next.bodies.push(change.change.body.buffer);
    if (next.waiting.push({ resolve, reject }) === 1) setImmediate(send);
    return promise;
  };
  return { add, send };
}

function settle({ resolve, reject }: Waiting, outcome: Outcome): void {
  if (isKept(outcome)) resolve(outcome);
  else reject(failureFrom(outcome, 'the change was not stored'));
}

const isKept = (outcome: Outcome): outcome is Kept =>
  outcome === null || typeof outcome !== 'object' || 'known' in outcome;
