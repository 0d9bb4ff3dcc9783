import { mkdir } from 'node:fs/promises';
import type { Failure } from '../base/errors.ts';
import { createPace } from '../base/excess.ts';
import { createLane, type Lane } from '../base/lane.ts';
import type { Handler } from '../base/listen.ts';
import type { HypercatItem } from '../base/names.ts';
import { covers } from '../base/paths.ts';
import type { Owner } from './backup/format.ts';
import { type Backup, backupsOf, type Restored, type RestoreRequest } from './backups.ts';
import type { Retention, Statistics } from './engine.ts';
import type { Observer } from './events.ts';
import { createFaults } from './faults.ts';
import {
  closeStore,
  handlerOf,
  openStore,
  problemsOf,
  setAside,
  setAsideOf,
  storeOf,
  wireOf,
  type State,
  type StoreOptions,
} from './lifecycle.ts';
import type { Format } from './operations.ts';
import { ownersCatalogue, ownersRead, ownersWatch, type Watcher } from './owner.ts';
import { retain, startRounds } from './retention.ts';
import { isDamage } from './sqlite/failures.ts';
import { startSqliteEngine } from './sqlite/engine.ts';
import type { StoreWire, WireOptions } from './wire.ts';

export type Stores = AsyncDisposable & {
  /**
   * Opens a store, creates it if absent; open again: nothing happens.
   * @throws Failure `store.unavailable` (damaged, not readable), `database.newer`; other stores are not touched
   */
  open(name: string): Promise<void>;
  /** Ends observers with the reason `closed` and keeps the file. */
  close(name: string): Promise<void>;
  /** Closes the store and deletes its file. */
  remove(name: string): Promise<void>;
  /** REST of this store (docs/rest.md). May be made before the store is open: until then it answers `store.unknown`. */
  handler(name: string): Handler;
  /** The same for a door that speaks no HTTP. */
  wire(name: string, options?: WireOptions): StoreWire;
  /** The open ones, sorted. */
  names(): string[];
  /** Newest registration first. @throws Failure `store.unknown`, `store.unavailable` */
  catalogue(name: string): Promise<HypercatItem[]>;
  /** Called after each registration, once it is on disk. Returns the function that ends it. */
  onCatalogue(listener: (store: string, item: HypercatItem) => void): () => void;
  /**
   * The owner's read: what a GET of this path answers, without a token. At most 64 MiB.
   * @param path  as in a URL, percent-encoded where need be
   * @returns `type` is the media type of `body`
   * @throws Failure as the GET; `body.too-large`
   */
  read(name: string, path: string, accept?: Format): Promise<{ type: string; body: Buffer }>;
  /**
   * The owner's observation of what is written, without a token.
   * @param path  as in a URL; a last `*` stands for one or more further characters
   * @returns the function that ends it
   * @throws Failure `store.unknown`, `store.unavailable`, `path.invalid`
   */
  watch(name: string, path: string, watcher: Watcher): () => void;
  /**
   * Ends a component's observations at once, with the reason `revoked`.
   * @param path  those of this path or pattern only. Returns how many
   */
  cut(o: { store: string; component: string; path?: string }): number;
  stats(name: string): Promise<Statistics>;
  /**
   * Sets what is kept of a series; what is left out stays as it is, null keeps everything. The rest is removed later.
   * @param path  `/ts/<id>` or `/ts/blob/<id>`
   * @returns what is kept now
   * @throws Failure `store.unknown`, `store.unavailable`, `datasource.invalid`, `datasource.unknown`
   */
  retain(name: string, path: string, kept: Partial<Pick<Retention, 'keepMs' | 'maxBytes'>>): Promise<Retention>;
  /**
   * A backup: all that was acknowledged before this is called. The store goes on meanwhile.
   * @throws Failure `store.unknown`, `store.unavailable`, `store.full` when there is no room for a copy
   */
  backup(name: string, owner: Owner): Promise<Backup>;
  /**
   * Exchanges the data of a store, open or set aside, for that of a backup; whatever is wrong with it, nothing is changed.
   * Observers end with the reason `closed`, and are told of a gap when they come back.
   * @throws Failure `backup.invalid`, `database.newer`, `store.unknown`, `store.unavailable`, `store.full`; what `fits` does
   */
  restore(o: RestoreRequest): Promise<Restored>;
  /** Stores that are out of use because their file cannot be used, and why. */
  setAside(): { store: string; why: string }[];
  /** What is wrong with stores, as sentences for the owner. */
  problems(): string[];
  /** Resolves once the storage threads have answered; while one is stuck, it does not. */
  answers(): Promise<void>;
  /** Resolves if a storage thread died: nothing can be kept any more, the process must end. */
  readonly failed: Promise<Failure>;
};

/** What took its place meanwhile is not set aside: a backup that is restored is whole. */
function damagedIn({ state, lane }: { state: State; lane: Lane }, name: string, failure: Failure): void {
  const found = state.open.get(name);
  void lane(name, async () => {
    if (state.open.get(name) === found) await setAside(state, name, failure);
  });
}

const noStore = () => ({
  ...{ open: new Map(), broken: new Map(), restoring: new Set<string>() },
  ...{ listeners: new Set<never>(), opened: new Set<never>() },
});

/** No store is open yet, and no storage thread runs. */
export async function startStores(options: StoreOptions): Promise<Stores> {
  const { dir, storeLimitBytes = null, reserveBytes = null, readerRestMs, sealing = {} } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  /** One store opens, closes and goes one after the other; different stores do not wait for each other. */
  const lane = createLane();
  const onDamage = (name: string, failure: Failure) => damagedIn({ state, lane }, name, failure);
  const faults = createFaults({ log: options.log, isDamage, onDamage });
  const limits = { limitBytes: storeLimitBytes, reserveBytes, sealing };
  const engine = faults.watch(startSqliteEngine({ dir, ...limits, readerRestMs, onDamage }));
  const state: State = { options, engine, faults, pace: createPace(options.pace), ...noStore() };
  const rounds = startRounds({ ...state, ...options });
  return {
    failed: engine.failed,
    answers: () => engine.answers(),
    open: (name) => lane(name, () => openStore(state, name)),
    close: (name) => lane(name, () => closeStore(state, name, 'close')),
    remove: (name) => lane(name, () => closeStore(state, name, 'remove')),
    handler: (name) => handlerOf(state, name),
    wire: (name, wired = {}) => wireOf(state, name, wired),
    names: () => [...state.open.keys()].sort(),
    catalogue: async (name) => ownersCatalogue(storeOf(state, name)),
    onCatalogue(listener) {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    read: async (name, path, accept = 'json') => ownersRead(storeOf(state, name), path, accept),
    watch: (name, path, watcher) => ownersWatch(storeOf(state, name), path, watcher),
    cut: (whose) => cutOf(state, whose),
    stats: async (name) => engine.statistics(storeOf(state, name).name),
    retain: (name, path, kept) => lane(name, () => retain(storeOf(state, name), path, kept)),
    ...backupsOf(state, lane),
    setAside: () => setAsideOf(state),
    problems: () => problemsOf(state),
    async [Symbol.asyncDispose]() {
      await rounds[Symbol.asyncDispose]();
      for (const name of [...state.open.keys()]) await lane(name, () => closeStore(state, name, 'close'));
      await engine[Symbol.asyncDispose]();
    },
  };
}

function cutOf({ open }: State, { store, component, path }: Parameters<Stores['cut']>[0]): number {
  const concerns = (observed: string): boolean => path === undefined || path === observed || covers(path, observed);
  const whose = (one: Observer): boolean => one.component === component && concerns(one.path);
  return open.get(store)?.observers.end('revoked', whose) ?? 0;
}
