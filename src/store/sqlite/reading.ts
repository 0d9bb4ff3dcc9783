/**
 * Who reads: the main thread what is small (near.ts), and two threads of the same, while there is something to read: each
 * started by a read, ended when none came for a while. What may go through many entries waits for its like alone.
 */
import { Failure } from '../../base/errors.ts';
import { startWorker, type WorkerClient } from '../../base/worker.ts';
import type { Engine } from '../engine.ts';
import type { Read } from '../operations.ts';
import { createNearReading } from './near.ts';
import type { ReaderHandlers } from './protocol.ts';

/**
 * A thread is 12 MB. Whoever reads every few seconds always finds it, and a box where nobody looks does not carry it;
 * the first read after a rest waits some 30 ms for it.
 */
const usualRestMs = 30_000;

type Question = 'read' | 'datasources' | 'overflow';
type About<Q extends Question> = Omit<Parameters<ReaderHandlers[Q]>[0], 'file'>;

export type Reading = AsyncDisposable & {
  /** From here on this store may be read; its file is there. */
  add(store: string, file: string): void;
  /** Resolves when its file is closed. */
  drop(store: string): Promise<void>;
  /** Wherever it is best read. @throws as `ask` */
  read: Engine['read'];
  /** Asks a thread. @throws Failure `store.unknown`, `store.unavailable` */
  ask<Q extends Question>(method: Q, about: About<Q>): Promise<ReturnType<ReaderHandlers[Q]>>;
  /** Resolves once the thread has answered, at once while it rests; while it is stuck, not. */
  answers(): Promise<void>;
};

/** @param onDeath  called when a thread ends and nobody asked it to */
export function createReading(onDeath: (failure: Failure) => void, restMs = usualRestMs): Reading {
  const files = new Map<string, string>();
  const [quick, patient] = [resting(onDeath, restMs), resting(onDeath, restMs)];
  const both = [quick, patient];
  const near = createNearReading();
  const ask: Reading['ask'] = async (method, about) => {
    const file = files.get(about.store);
    if (file === undefined) throw new Failure('store.unknown', 'the store is closed');
    const { question } = about as { question?: Read };
    const thread = question && !mayTakeLong(question) ? quick : patient;
    return thread.during(() => thread.run().call(method, { ...about, file }));
  };
  return {
    add(store, file) {
      files.set(store, file);
      near.add(store, file);
    },
    async drop(store) {
      files.delete(store);
      near.drop(store);
      await Promise.all(both.map((thread) => thread.during(async () => thread.running()?.call('close', { store }))));
    },
    read: async (store, question, next) =>
      near.read(store, question, next !== undefined) ?? (await ask('read', { store, question, next })),
    ask,
    async answers() {
      await Promise.all(both.map(answering));
    },
    async [Symbol.asyncDispose]() {
      near[Symbol.dispose]();
      await Promise.all(both.map((thread) => thread[Symbol.asyncDispose]()));
    },
  };
}

/** Entries that a thread may go through at once while others wait for it: a few ms. */
const shortWay = 10_000;

/** Whether a part of the answer may need more entries than that. A range may be a year. */
function mayTakeLong(question: Read): boolean {
  if (!('selection' in question)) return false;
  const { pick, series, filter } = question.selection;
  if (pick.by !== 'range') return pick.n * series.length > shortWay;
  return question.do !== 'entries' || filter !== null;
}

type Thread = ReturnType<typeof resting>;

/** Not `during`: whoever looks after the thread does not keep it from its rest, and its rest is no silence. */
async function answering(thread: Thread): Promise<void> {
  const looked = thread.running();
  await looked?.answers().catch((err: unknown) => {
    if (looked === thread.running()) throw err;
  });
}

/** The thread: runs when asked to, ends when nothing was done with it for a while. */
function resting(onDeath: (failure: Failure) => void, restMs: number) {
  let client: WorkerClient<ReaderHandlers> | undefined;
  let busy = 0;
  const sleep = async (): Promise<void> => {
    const ending = client;
    client = undefined;
    await ending?.[Symbol.asyncDispose]();
  };
  const rest = setTimeout(() => busy === 0 && void sleep(), restMs).unref();
  return {
    running: () => client,
    run(): WorkerClient<ReaderHandlers> {
      if (client) return client;
      client = startWorker<ReaderHandlers>(new URL('./reader.ts', import.meta.url), null);
      void client.died.then(onDeath);
      return client;
    },
    /** The thread does not rest before this is done. */
    async during<T>(work: () => Promise<T>): Promise<T> {
      busy++;
      try {
        return await work();
      } finally {
        if (--busy === 0) rest.refresh();
      }
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(rest);
      await sleep();
    },
  };
}
