/** interrupt — Ctrl-C, for a command that has something to end first, or to say. */

/** What a shell reports of a program that SIGINT ended. */
export const interrupted = 130;

/** The first SIGINT or SIGTERM aborts; a second one kills. Disposing of it gives both back. */
export function stopSignal(): Disposable & { signal: AbortSignal } {
  const stop = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const off = (): void => names.forEach((name) => process.off(name, onSignal));
  const onSignal = (): void => {
    stop.abort();
    setImmediate(off);
  };
  for (const name of names) process.on(name, onSignal);
  return { signal: stop.signal, [Symbol.dispose]: off };
}
