import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until there is an answer. An `ask` that throws is asked again; its last error is the cause of the failure.
 * @param what  what is waited for, for the message
 * @param ask   returns `undefined` for *not yet*
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  { timeoutMs = 30_000, everyMs = 50 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (err) {
      cause = err;
    }
    await sleep(everyMs);
  } while (performance.now() < deadline);
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}${cause instanceof Error ? `: ${cause.message}` : ''}`, {
    cause,
  });
}
