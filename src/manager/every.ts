import { setTimeout as sleep } from 'node:timers/promises';

/** Does some work again and again, `ms` after it was done, until the signal. The work must not throw. */
export async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
    if (!signal.aborted) await work();
  }
}
