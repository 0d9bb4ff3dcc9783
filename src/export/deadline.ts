/** A signal that ends with another or after a time; disposing stops the clock. */
export type Deadline = Disposable & { readonly signal: AbortSignal };

/** Not `AbortSignal.any` over `AbortSignal.timeout`: nothing holds the latter, and what was collected never fires. */
export function deadline(ms: number, signal: AbortSignal): Deadline {
  const ends = new AbortController();
  const end = (): void => ends.abort();
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return {
    signal: ends.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    },
  };
}
