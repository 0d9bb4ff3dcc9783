import { setImmediate as turn } from 'node:timers/promises';
import { Failure, problem } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { addressOf } from './address.ts';
import { createReader, type Reader, type ReaderOptions } from './fetch.ts';
import { judgeFile } from './offers.ts';
import type { Catalogue, RepositoryRow } from './sql.ts';

export type Syncer = {
  /** Reads every repository, one after another; callers that come before it begins share one run. Never throws. */
  all(onProgress?: (message: string) => void): Promise<void>;
  /** Reads the local folders only. */
  folders(): Promise<void>;
};
export type SyncerOptions = ReaderOptions & { catalogue: Catalogue; log: Log; reload: () => void };

export function createSyncer(options: SyncerOptions): Syncer {
  const { catalogue, reload, signal } = options;
  const these = async (rows: readonly RepositoryRow[], tell: (message: string) => void): Promise<void> => {
    await using reader = createReader(options);
    for (const { url } of rows) {
      if (signal.aborted) return;
      tell(await readOne(url, reader, options));
      reload();
    }
  };
  type Run = { listeners: ((message: string) => void)[]; done: Promise<void> };
  let last: Promise<void> = Promise.resolve();
  let next: Run | undefined;
  const enqueue = (): Run => {
    const listeners: Run['listeners'] = [];
    // A turn later, so that those who start together share the run.
    last = last
      .then(() => turn())
      .then(() => {
        next = undefined;
        return these(catalogue.repositories(), (message) => listeners.forEach((listener) => listener(message)));
      });
    return { listeners, done: last };
  };
  return {
    folders: () =>
      these(
        catalogue.repositories().filter(({ url }) => url.startsWith('/')),
        () => {},
      ),
    async all(onProgress) {
      next ??= enqueue();
      if (onProgress) next.listeners.push(onProgress);
      await next.done;
    },
  };
}

/** One repository's failure is its own: it is kept with the repository, and what was known is still offered. */
async function readOne(url: string, reader: Reader, options: SyncerOptions): Promise<string> {
  const { catalogue, log, signal } = options;
  try {
    const { commit, ref, files } = await reader.read(addressOf(url));
    catalogue.record({ url, commit, ref, at: Date.now(), files: files.map(judgeFile) });
    log.info({ url, commit, files: files.length }, 'repository read');
    return `${url}: ${files.length} files`;
  } catch (err) {
    if (signal.aborted) return `${url}: stopped`;
    if (!(err instanceof Failure)) log.error({ err, url }, 'repository could not be read');
    else log.warn({ err, url }, 'repository could not be read, what was known is kept');
    const { code, title } = problem(err);
    catalogue.fail(url, JSON.stringify({ code, title }));
    return `${url}: ${title}`;
  }
}
