/** Observation as an event emitter, over the client's own: it reconnects, and tells of gaps. */
import { EventEmitter } from 'node:events';
import { DataboxError } from '../errors.ts';
import type { ObserveOptions } from '../observe.ts';
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
      try {
        return await follow({ begin, timeout }, stop, () => ends.delete(stop));
      } catch (err) {
        ends.delete(stop);
        throw err;
      }
    },
    stop(path) {
      for (const end of running.get(path) ?? []) end.abort(new DataboxError('closed', 'the observation was stopped'));
      running.delete(path);
    },
  };
}

/** Resolves once the stream is open, and goes on with it. */
function follow({ begin, timeout }: Observing, stop: AbortController, onEnd: () => void): Promise<ObservationEmitter> {
  const emitter: ObservationEmitter = new EventEmitter();
  // Listeners are added after the promise has settled, and what they throw is theirs, not the stream's.
  const later = (emit: () => void): void => process.nextTick(emit);
  return new Promise((resolve, reject) => {
    let isOpen = false;
    let timer: NodeJS.Timeout | undefined;
    const onOpen = (): void => {
      const expired = () => stop.abort(new DataboxError('observation.expired', `its ${timeout} s are over`));
      if (timeout > 0) timer ??= setTimeout(expired, timeout * 1_000);
      isOpen = true;
      resolve(emitter);
    };
    const onGap = (reason: string, since?: number): void => later(() => emitter.emit('gap', { reason, since }));
    const run = async (): Promise<void> => {
      for await (const event of begin({ signal: stop.signal, onOpen, onGap })) later(() => emitter.emit('data', event));
    };
    run()
      .catch((err: unknown) => {
        if (isOpen) later(() => isTold(err, emitter) && emitter.emit('error', err as DataboxError));
        else reject(err instanceof Error ? err : new Error(String(err)));
      })
      .finally(() => {
        clearTimeout(timer);
        onEnd();
        later(() => emitter.emit('end'));
      });
  });
}

/** Nobody is told that what was stopped has stopped; the end of its time crashes no program that does not ask for it. */
function isTold(err: unknown, emitter: ObservationEmitter): boolean {
  const code = err instanceof DataboxError ? err.code : '';
  return code === 'observation.expired' ? emitter.listenerCount('error') > 0 : code !== 'closed';
}
