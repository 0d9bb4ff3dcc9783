/** watch — what changes in a folder, told once it is quiet again. */
import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export type Watch = Disposable & {
  /** Paths that changed since the last answer, once nothing has for a moment; `undefined` when the signal ended it. */
  next(): Promise<string[] | undefined>;
};
export type WatchOptions = { isIgnored: (path: string) => boolean; signal: AbortSignal; quietMs?: number };

/** Watches from now on: what changes while nobody asks is told to whoever asks next. */
export function watchFolder(folder: string, { isIgnored, signal, quietMs = 300 }: WatchOptions): Watch {
  const changed = new Set<string>();
  let count = 0;
  let wake = (): void => {};
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    if (file === null || isIgnored(file)) return;
    changed.add(file);
    count++;
    wake();
  });
  // A folder that vanished while it was looked into: the next change is seen all the same.
  watcher.on('error', () => {});
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  return {
    async next() {
      while (changed.size === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      for (let seen = -1; seen !== count && !signal.aborted;) {
        seen = count;
        await sleep(quietMs, undefined, { signal }).catch(() => {});
      }
      if (signal.aborted) return undefined;
      const paths = [...changed].sort();
      changed.clear();
      return paths;
    },
    [Symbol.dispose]() {
      watcher.close();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
