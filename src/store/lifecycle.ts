import { Failure } from '../base/errors.ts';
import type { Pace, PaceOptions } from '../base/excess.ts';
import type { Handler } from '../base/listen.ts';
import type { Log } from '../base/log.ts';
import type { HypercatItem } from '../base/names.ts';
import { createAccounts, type StoreLedger } from './accounts.ts';
import { createCursors } from './cursor.ts';
import type { Engine, Retention } from './engine.ts';
import { createObservers } from './events.ts';
import type { Door } from './exchange.ts';
import type { Faults } from './faults.ts';
import { createFunctions } from './functions.ts';
import { createHandler } from './handler.ts';
import { defaultBodyBytes, longestStallMs } from './limits.ts';
import { createMarks } from './marks.ts';
import type { Authorise, OpenStore } from './open-store.ts';
import { ownersCatalogue } from './owner.ts';
import { createStoreWire, type StoreWire, type WireOptions } from './wire.ts';

export type StoreOptions = {
  /** Where `<name>.sqlite` files lie; created with mode 0700. */
  dir: string;
  authorise: Authorise;
  log: Log;
  /** How many requests one component may make of all stores together. Default: any number. */
  pace?: PaceOptions;
  /** Is told who uses what; absent: nobody is. */
  ledger?: StoreLedger;
  /** Largest body of one request. Default 1 MiB. */
  bodyLimitBytes?: number;
  /** The longest that a piece of a stream of lines may be waited for. Default 20 s. */
  stalledMs?: number;
  /** Quota of each store's file; beyond it writes fail with `store.full`. Default none. */
  storeLimitBytes?: number;
  /** Room that writes leave on the disk; below it they fail with `store.full`. Default 256 MiB, or 5 % of a small disk. */
  reserveBytes?: number;
  /** Time between two rounds in which what is not kept is removed. Default 10 min. */
  roundMs?: number;
  /** When entries of a numeric series are sealed. Default: batches of 256 and more at once, 4,096 rows beyond the newest 4,096. */
  sealing?: { batch?: number; rows?: number; keep?: number };
  /** The thread that reads ends when nobody has read for so long. Default 30 s. */
  readerRestMs?: number;
};

export type State = {
  options: StoreOptions;
  engine: Engine;
  open: Map<string, OpenStore>;
  /** Stores that could not be opened, or were found damaged, and why. */
  broken: Map<string, Failure>;
  /** Stores whose data is being exchanged. */
  restoring: Set<string>;
  faults: Faults;
  pace: Pace;
  listeners: Set<(store: string, item: HypercatItem) => void>;
  /** Are told that a store was opened, before anybody can ask it. */
  opened: Set<(store: string) => void>;
};

/** A host name, so that it can be an address and cannot be a path. */
const storeNames = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export async function openStore(state: State, name: string): Promise<void> {
  const { engine, open, broken, listeners, options } = state;
  if (open.has(name)) return;
  if (!storeNames.test(name)) throw new Failure('store.unknown', 'a store is named like a host', { store: name });
  let retentions: Retention[];
  try {
    retentions = await engine.open(name);
  } catch (err) {
    const failure = err instanceof Failure ? err : new Failure('internal', String(err), {}, { cause: err });
    broken.set(name, failure);
    options.log.error({ err: failure, store: name }, 'store cannot be opened');
    throw failure;
  }
  broken.delete(name);
  const items = options.ledger ? await ownersCatalogue({ name, engine }).catch(() => []) : [];
  const accounts = createAccounts(name, options.ledger, items);
  const registered = (item: HypercatItem): void => {
    accounts.registered(item);
    listeners.forEach((listener) => listener(name, item));
  };
  const own = {
    accounts,
    retentions,
    observers: createObservers(),
    marks: createMarks(),
    cursors: createCursors(),
    functions: createFunctions(),
  };
  open.set(name, { name, engine, registered, ...own, since: performance.now() });
  for (const tell of state.opened) tell(name);
}

/** Nobody can ask the store from here on; then its observers end; then its files are closed or deleted. */
export async function closeStore(state: State, name: string, how: 'close' | 'remove') {
  const { engine, broken } = state;
  takeOut(state, name);
  broken.delete(name);
  if (storeNames.test(name)) await engine[how](name);
}

function takeOut({ open, faults }: State, name: string): void {
  open.get(name)?.observers.end('closed', () => true);
  open.delete(name);
  faults.forget(name);
}

/** A store whose pages contradict each other is not used any more: to write on could only do more harm. */
export async function setAside(state: State, name: string, failure: Failure): Promise<void> {
  if (!state.open.has(name)) return;
  state.options.log.error({ err: failure, store: name }, 'store is damaged and set aside');
  takeOut(state, name);
  state.broken.set(name, failure);
  await state.engine.close(name).catch((err: unknown) => {
    state.options.log.warn({ err, store: name }, 'damaged store cannot be closed');
  });
}

export const setAsideOf = ({ broken }: State): { store: string; why: string }[] =>
  [...broken].map(([store, { message }]) => ({ store, why: message }));

/** What the owner should know of stores, as sentences. */
export const problemsOf = ({ broken, faults }: State): string[] => [
  ...[...broken].map(
    ([name, { message }]) => `${name} is set aside: ${message}. Restore a backup of it: databox store restore <file>.`,
  ),
  ...faults.problems(),
];

/** @throws Failure `store.unknown`, `store.unavailable` (without the path that the owner is told) */
export function storeOf({ open, broken, restoring }: State, name: string): OpenStore {
  const store = open.get(name);
  if (store) return store;
  if (restoring.has(name)) throw new Failure('store.unavailable', 'this store is being restored; try again');
  if (broken.has(name)) {
    throw new Failure('store.unavailable', 'this store is set aside, its file cannot be used; the owner has been told');
  }
  throw new Failure('store.unknown', `no store ${name} is open`, { store: name });
}

export const handlerOf = (state: State, name: string): Handler => createHandler(doorOf(state, name));

export const wireOf = (state: State, name: string, options: WireOptions): StoreWire => ({
  ...createStoreWire(doorOf(state, name), options),
  onReturn: (act) => onOpened(state, name, act),
});

function onOpened({ opened }: State, name: string, act: () => void): () => void {
  const tell = (store: string): void => {
    if (store === name) act();
  };
  opened.add(tell);
  return () => opened.delete(tell);
}

function doorOf(state: State, name: string): Door {
  const { options, pace } = state;
  const { authorise, log, ledger, bodyLimitBytes: limitBytes = defaultBodyBytes, stalledMs = longestStallMs } = options;
  return {
    ...{ target: name, authorise, pace, limitBytes, stalledMs, ledger, log: log.child({ store: name }) },
    store: () => storeOf(state, name),
  };
}
