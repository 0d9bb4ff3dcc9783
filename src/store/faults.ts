/** faults — what disks do to stores: told to the owner while it lasts, and a damaged store is taken out of use. */
import { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Engine } from './engine.ts';

type Kind = 'writes' | 'reads' | 'copies';
type Fault = { failure: Failure; at: number };

export type Faults = {
  /** The engine, with an eye on what fails. */
  watch(engine: Engine): Engine;
  /** Sentences for the owner. */
  problems(): string[];
  forget(store: string): void;
};

export type FaultOptions = {
  log: Log;
  /** Whether what is in the file is at fault. */
  isDamage: (failure: Failure) => boolean;
  /** Called for each request that meets damage. */
  onDamage: (store: string, failure: Failure) => void;
};

/** A fault lasts until the same kind of work succeeds: it is logged once, not for each request. */
export function createFaults({ log, isDamage, onDamage }: FaultOptions): Faults {
  const lasting = new Map<string, Fault>();
  const note = (kind: Kind, store: string, err: unknown): void => {
    if (!(err instanceof Failure) || (err.code !== 'store.unavailable' && err.code !== 'store.full')) return;
    if (isDamage(err)) return onDamage(store, err);
    // Who gets no copy is told at once, and asks again.
    if (kind === 'copies') return;
    // What the disk says has its code; a store that was closed meanwhile has none.
    if (err.code === 'store.unavailable' && err.details['system'] === undefined) return;
    const key = keyOf(kind, store);
    if (!lasting.has(key)) log.error({ err, store, kind }, 'store fails');
    lasting.set(key, { failure: err, at: Date.now() });
  };
  const succeed = (kind: Kind, store: string): void => {
    if (lasting.size > 0 && lasting.delete(keyOf(kind, store))) log.info({ store, kind }, 'store works again');
  };
  return {
    watch: (engine) => watched(engine, note, succeed),
    problems: () =>
      [...lasting].map(([key, { failure, at }]) => {
        const [kind = '', store = ''] = key.split(' ');
        return `${store}: ${kind} fail, ${failure.message}; last at ${new Date(at).toISOString()}.`;
      }),
    forget: (store) => (['writes', 'reads', 'copies'] as const).forEach((kind) => lasting.delete(keyOf(kind, store))),
  };
}

const keyOf = (kind: Kind, store: string): string => `${kind} ${store}`;

function watched(
  engine: Engine,
  note: (kind: Kind, store: string, err: unknown) => void,
  succeed: (kind: Kind, store: string) => void,
): Engine {
  const watch = async <T>(kind: Kind, store: string, work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      succeed(kind, store);
      return result;
    } catch (err) {
      note(kind, store, err);
      throw err;
    }
  };
  return {
    ...engine,
    write: (store, change) => watch('writes', store, engine.write(store, change)),
    writeAll: (store, change) => watch('writes', store, engine.writeAll(store, change)),
    writeLines: (store, lines) => watch('writes', store, engine.writeLines(store, lines)),
    read: (store, question, next) => watch('reads', store, engine.read(store, question, next)),
    trim: (store, trim) => watch('writes', store, engine.trim(store, trim)),
    overflow: (store, about) => watch('reads', store, engine.overflow(store, about)),
    statistics: (store) => watch('reads', store, engine.statistics(store)),
    snapshot: (store) => watch('copies', store, engine.snapshot(store)),
  };
}
