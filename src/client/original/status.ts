import { setTimeout } from 'node:timers/promises';
import { DataboxError, isPassing } from '../errors.ts';
import type { StoreClient } from '../store.ts';

/** Between two questions. */
const pauseMs = 1_000;

/**
 * Asks a store once a second until its status is the one given.
 * @throws DataboxError of the last answer after so many retries, at once where it is refused; `store.unavailable`: another status
 */
export async function waitForStatus(store: StoreClient, status: string, retries: number): Promise<void> {
  for (let tried = 0; ; tried++) {
    const problem = await store.status().then(
      (told) => (told === status ? undefined : new DataboxError('store.unavailable', `its status is ${told}`)),
      (err: unknown) => err as DataboxError,
    );
    if (problem === undefined) return;
    if (tried >= retries || !(isPassing(problem) || problem.code === 'store.unavailable')) throw problem;
    await setTimeout(pauseMs);
  }
}
