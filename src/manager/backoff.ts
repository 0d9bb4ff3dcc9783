/** backoff — what follows an exit that nobody asked for. Pure. */

export type Exits = { restarts: number };
/** A container that ran this long was well: earlier crashes no longer count. */
export const wellAfterMs = 60_000;
const longestMs = 60_000;

/**
 * When to start again: at once is never, then 1, 2, 4 … seconds, a minute at most.
 * @param restarts crashes in a row before this one
 * @returns `undefined` when the limit is reached and the owner must look
 */
export function afterExit(restarts: number, ranMs: number, limit: number): Exits & { delayMs: number | undefined } {
  const inARow = (ranMs >= wellAfterMs ? 0 : restarts) + 1;
  const delayMs = Math.min(1_000 * 2 ** (inARow - 1), longestMs);
  return { restarts: inARow, delayMs: inARow > limit ? undefined : delayMs };
}
