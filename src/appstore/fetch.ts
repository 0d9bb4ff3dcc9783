import { Failure } from '../base/errors.ts';
import { startWorker, type WorkerClient } from '../base/worker.ts';
import type { Address } from './address.ts';
import { readFolder } from './folder.ts';
import type { readGit } from './git.ts';
import type { Found, Limits } from './limits.ts';

export type ReaderOptions = { release: string; limits: Limits; ca?: string | undefined; signal: AbortSignal };

export type Reader = AsyncDisposable & {
  /**
   * What a repository holds now.
   * @throws Failure `repository.unreachable`, `repository.invalid`; `databox.stopped` when the signal ended it
   */
  read(address: Address): Promise<Found>;
};

/** Reads repositories one after another, git ones in a thread that is started when it is first needed. */
export function createReader({ release, limits, ca, signal }: ReaderOptions): Reader {
  let thread: WorkerClient<{ readGit: typeof readGit }> | undefined;
  const end = async (): Promise<void> => {
    const ended = thread;
    thread = undefined;
    await ended?.[Symbol.asyncDispose]();
  };
  const inThread = async (url: string): Promise<Found> => {
    if (signal.aborted) throw new Failure('databox.stopped', 'databox is shutting down');
    thread ??= startWorker(new URL('./worker.ts', import.meta.url), {});
    // The limits of the transport do not end a computation: the end of its thread does.
    const timer = setTimeout(() => void end(), limits.timeoutMs + 2_000);
    const stop = (): void => void end();
    signal.addEventListener('abort', stop);
    try {
      return await thread.call('readGit', { url, release, limits, ca });
    } catch (err) {
      if (thread && err instanceof Failure && err.code !== 'databox.stopped') throw err;
      await end();
      const why = `the repository could not be read within ${limits.timeoutMs} ms or with the memory there is`;
      throw new Failure('repository.unreachable', why, { url }, { cause: err });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  };
  return {
    read: ({ kind, url }) => (kind === 'folder' ? readFolder(url, limits) : inThread(url)),
    [Symbol.asyncDispose]: end,
  };
}
