/** deadline — a moment of the wall clock, which may be set meanwhile, and may be further off than a timer can be. */
const lookMs = 60_000;

/**
 * Calls `act` once, later, when the clock is past `until` (ms since the Unix epoch); `Infinity`: never.
 * @returns what takes it back
 */
export function after(until: number, act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const left = Math.max(0, until - Date.now() + 1);
    timer = setTimeout(() => (Date.now() > until ? act() : wait()), Math.min(left, lookMs)).unref();
  };
  if (until !== Infinity) wait();
  return () => clearTimeout(timer);
}
