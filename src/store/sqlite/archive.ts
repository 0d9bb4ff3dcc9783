/** archive — copies of stores, and drafts that take a store's place. */
import { open, rm } from 'node:fs/promises';
import { Failure } from '../../base/errors.ts';
import { startWorker } from '../../base/worker.ts';
import type { Engine } from '../engine.ts';
import { copyOf, damagedOf, draftOf, exchange, fileOf, removeDatabase, settleExchange, sizeOf } from './exchange.ts';
import { failureOf } from './failures.ts';
import type { ArchivistHandlers } from './protocol.ts';
import { requireRoom } from './room.ts';

/** @param reserve  bytes that are left free on the disk; null: the usual */
export function createArchive(dir: string, reserve: number | null): Pick<Engine, 'snapshot' | 'draft'> {
  const drafts = new Set<string>();
  return {
    async snapshot(store) {
      const file = fileOf(dir, store);
      await requireRoom(file, { bytes: await sizeOf(dir, store), reserve });
      const into = copyOf(file);
      try {
        const { version, bytes: size } = await asked('snapshot', { file, into });
        return { file: await open(into, 'r'), version, bytes: size };
      } finally {
        await rm(into, { force: true });
      }
    },
    draft(store) {
      const file = fileOf(dir, store);
      if (drafts.has(file)) throw new Failure('store.unavailable', 'another restore of this store is under way');
      drafts.add(file);
      const draft = draftOf(file);
      removeDatabase(draft);
      return {
        fill: (write) => attempt(() => write(draft)),
        makeRoom: (bytes) => requireRoom(file, { bytes, reserve }),
        check: () => asked('check', { file: draft }),
        exchange: () => attempt(() => exchange(file)),
        settle: (keepsOld) =>
          attempt(() => {
            settleExchange(file, keepsOld);
            return keepsOld ? damagedOf(file) : null;
          }),
        [Symbol.asyncDispose]: () =>
          attempt(() => {
            drafts.delete(file);
            removeDatabase(draft);
          }),
      };
    },
  };
}

/** In a thread of its own. */
async function asked<M extends keyof ArchivistHandlers>(
  method: M,
  request: Parameters<ArchivistHandlers[M]>[0],
): Promise<Awaited<ReturnType<ArchivistHandlers[M]>>> {
  await using thread = startWorker<ArchivistHandlers>(new URL('./archivist.ts', import.meta.url), null);
  return await thread.call(method, request);
}

const attempt = async <T>(work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (err) {
    throw failureOf(err);
  }
};
