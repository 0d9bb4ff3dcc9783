/** Observation as an event emitter, over the client's own: it reconnects, and tells of gaps. */
import { EventEmitter } from 'node:events';
import { DataboxError } from '../errors.ts';
import { listen, type ObserveOptions } from '../observe.ts';
import type { Observed } from './payload.ts';

export type Gap = {
  /** Why the stream had ended; `restarted` when the store was closed meanwhile. */
  reason: string;
  /** Ms since the Unix epoch: read what may have been missed with `Since`. */
  since: number | undefined;
};

/**
 * `data`: a write. `gap`: it goes on after an interruption in which writes may have been missed. `error`: it has ended for
 * good, because the owner permits it no longer, or (`observation.expired`) its time is over, which only those are told who
 * listen for errors. `end`: nothing comes any more, whatever the reason.
 */
export type ObservationEmitter = EventEmitter<{ data: [Observed]; gap: [Gap]; error: [DataboxError]; end: [] }>;

export type Observing = {
  begin: (options: ObserveOptions) => AsyncIterable<Observed>;
  /** Seconds after which it ends; 0: never. */
  timeout: number;
};

export type Observations = {
  /** Resolves when writes are heard; waits for a store that does not answer. @throws DataboxError when it is refused */
  start(path: string, observing: Observing): Promise<ObservationEmitter>;
  /** Ends all observations of a path. */
  stop(path: string): void;
};

/** What a timer of Node can hold, about 24 days. */
const longestSeconds = Math.floor((2 ** 31 - 1) / 1_000);

export function createObservations(): Observations {
  const running = new Map<string, Set<AbortController>>();
  return {
    async start(path, { begin, timeout }) {
      if (!(timeout >= 0 && timeout <= longestSeconds)) {
        throw new DataboxError('value.invalid', `a timeout is a number of seconds, 0 to ${longestSeconds}`);
      }
      const stop = new AbortController();
      const ends = running.get(path) ?? new Set();
      running.set(path, ends.add(stop));
      const onEnd = (): void => {
        ends.delete(stop);
        // Another may have begun after a stop, in a set of its own.
        if (ends.size === 0 && running.get(path) === ends) running.delete(path);
      };
      return follow({ begin, timeout }, stop, onEnd).catch((err: unknown) => {
        onEnd();
        throw err;
      });
    },
    stop(path) {
      for (const end of running.get(path) ?? []) end.abort(new DataboxError('closed', 'the observation was stopped'));
      running.delete(path);
    },
  };
}

// Listeners are added after the promise has settled, and what they throw is theirs, not the stream's.
const later = (emit: () => void): void => process.nextTick(emit);

/** Resolves once writes are heard, and goes on with it. */
async function follow({ begin, timeout }: Observing, stop: AbortController, onEnd: () => void) {
  const emitter: ObservationEmitter = new EventEmitter();
  const { ended } = await listen(begin, (event) => later(() => emitter.emit('data', event)), {
    signal: stop.signal,
    onGap: (reason, since) => later(() => emitter.emit('gap', { reason, since })),
  });
  const expired = () => stop.abort(new DataboxError('observation.expired', `its ${timeout} s are over`));
  const timer = timeout > 0 ? setTimeout(expired, timeout * 1_000) : undefined;
  void ended.then((err) => {
    clearTimeout(timer);
    onEnd();
    later(() => isTold(err, emitter) && emitter.emit('error', err as DataboxError));
    later(() => emitter.emit('end'));
  });
  return emitter;
}

/** Nobody is told that what was stopped has stopped; the end of its time crashes no program that does not ask for it. */
function isTold(err: unknown, emitter: ObservationEmitter): boolean {
  const code = err instanceof DataboxError ? err.code : '';
  return code === 'observation.expired' ? emitter.listenerCount('error') > 0 : code !== 'closed';
}
