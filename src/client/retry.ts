import { setTimeout } from 'node:timers/promises';
import { DataboxError, isPassing } from './errors.ts';

export type RetryOptions = {
  signal?: AbortSignal | undefined;
  /** Give up after this long. Default: never. */
  timeoutMs?: number;
  /** Told of each failure that is followed by another try. */
  onFailure?: (err: unknown, waitMs: number) => void;
  /** Which failures pass. Default: no answer, 429, 502, 503, 504. */
  isPassing?: (err: unknown) => boolean;
};

/** Pauses that double from 0.25 s to 10 s, each shortened by chance so that components do not return all at once. */
export function* pauses(): Generator<number, never> {
  for (let ms = 250; ; ms = Math.min(ms * 2, 10_000)) yield ms / 2 + (Math.random() * ms) / 2;
}

/** @throws the signal's reason, as it was given: a timer's own error would hide it */
export async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(ms, undefined, signal && { signal }).catch(() => undefined);
  signal?.throwIfAborted();
}

/**
 * Does a task until it succeeds or fails for good.
 * @throws what the task threw last; the signal's reason
 */
export async function retry<T>(task: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, timeoutMs = Infinity, onFailure = () => {}, isPassing: passes = isPassing } = options;
  const end = Date.now() + timeoutMs;
  for (const pause of pauses()) {
    try {
      return await task();
    } catch (err) {
      signal?.throwIfAborted();
      const asked = err instanceof DataboxError ? (err.retryAfterSeconds ?? 0) * 1_000 : 0;
      const waitMs = Math.max(pause, asked);
      if (!passes(err) || Date.now() + waitMs > end) throw err;
      onFailure(err, waitMs);
      await wait(waitMs, signal);
    }
  }
  throw new Error('unreachable: pauses never end');
}
