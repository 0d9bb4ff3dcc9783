/** watchdog — feeds systemd's watchdog while every thread of the box turns: a frozen part has the box started anew. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { Notify } from './notify.ts';

/** By what it does, each thread besides this one: resolves once it has answered. */
export type Threads = Readonly<Record<string, () => Promise<unknown>>>;

export type WatchdogOptions = {
  /** Time between two pings that systemd allows, ms. */
  limitMs: number;
  threads: Threads;
  notify: Notify;
  log: Log;
  signal: AbortSignal;
};

/**
 * Asks every thread, pings when the last has answered, and waits for a third of the time allowed. This loop is the main
 * thread's own answer: stuck, it pings no more.
 */
export async function feedWatchdog({ limitMs, threads, notify, log, signal }: WatchdogOptions): Promise<void> {
  const pauseMs = limitMs / 3;
  while (!signal.aborted) {
    const silent = new Set(Object.keys(threads));
    // Told before systemd ends us: afterwards nobody could say which part it was.
    const late = setTimeout(
      () => log.error({ silent: [...silent] }, 'threads do not answer; the box will be started anew'),
      pauseMs,
    ).unref();
    const asked = Object.entries(threads).map(async ([name, answers]) => {
      await answers();
      silent.delete(name);
    });
    const all = await Promise.all(asked).catch((err: unknown) => log.error({ err }, 'a thread is gone'));
    clearTimeout(late);
    if (signal.aborted) return;
    if (all) notify('WATCHDOG=1');
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

/**
 * @param usec  `$WATCHDOG_USEC`
 * @param pid   `$WATCHDOG_PID`: the process that is meant, if it says
 * @returns     ms, or `undefined` when nobody watches over this process
 */
export function limitOf(usec: string | undefined, pid: string | undefined, own: number): number | undefined {
  if (usec === undefined || !/^[1-9]\d{0,17}$/.test(usec)) return undefined;
  return pid === undefined || pid === '' || Number(pid) === own ? Number(usec) / 1_000 : undefined;
}
