import { setTimeout as sleep } from 'node:timers/promises';

export type Waiting = {
  /** Resolves when the job changes, after the time, or when the caller has gone. */
  changed: (job: { id: string }, ms: number, signal: AbortSignal) => Promise<void>;
  notify: (id: string) => void;
  /** Lets everyone go, now and from now on. */
  end: () => void;
};

/** Long polls: who waits for which job. */
export function createWaiting(): Waiting {
  const waiting = new Map<string, Set<() => void>>();
  let ended = false;
  return {
    async changed({ id }, ms, signal) {
      if (ended || signal.aborted) return;
      const woken = new AbortController();
      const wake = (): void => woken.abort();
      const others = waiting.get(id) ?? new Set();
      waiting.set(id, others.add(wake));
      await sleep(ms, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => undefined);
      others.delete(wake);
      if (others.size === 0 && waiting.get(id) === others) waiting.delete(id);
    },
    notify: (id) => waiting.get(id)?.forEach((wake) => wake()),
    end() {
      ended = true;
      for (const wakes of waiting.values()) wakes.forEach((wake) => wake());
    },
  };
}
