/** What the main thread says to the storage threads. */
import type { Problem } from '../../base/errors.ts';
import type { Engine, Entries, Lines, Overflow, Reply, Retention, Statistics, Taken, Trim, Write } from '../engine.ts';
import type { Read } from '../operations.ts';
import type { Sealing } from '../sql/seal.ts';

export type OpenRequest = {
  store: string;
  file: string;
  limitBytes: number | null;
  reserveBytes: number | null;
  /** Instead of what is usual. */
  sealing: Partial<Sealing>;
};

export type Change = { store: string; change: Write | Entries | Lines | Trim };
export type Other = Exclude<Change['change'], { do: 'point' }>;
/**
 * Changes in a row: of each the name of its store and then itself; of a point all that it consists of, its series first. Texts
 * and numbers in an array take a fraction of the time to copy that objects within objects take.
 */
export type Packed = (string | number | null | Other)[];
/** What is kept of a change that succeeded. */
export type Kept = Taken | number | string | null;
/**
 * What is wrong with a change, or, when it is on disk, how many entries of a batch or trim that were, what was taken of lines,
 * the entity tag of a value, null for any other change.
 */
export type Outcome = Problem | Kept;

export type WriterHandlers = {
  open(request: OpenRequest): Retention[];
  close(request: { store: string }): void;
  /** One message carries every change that arrived since the last. Resolves to an outcome for each; null: all are null. */
  commit(changes: Packed): Promise<Outcome[] | null>;
};

/** What the writer says on its own: a file is damaged where nobody asked for anything. */
export const damageFound = 'damage';
export type Damage = { store: string; problem: Problem };

/** A file is opened by the first question about it. */
export type ReaderHandlers = {
  close(request: { store: string }): void;
  read(request: { store: string; file: string; question: Read; next?: unknown }): Reply;
  datasources(request: { store: string; file: string }): Statistics['datasources'];
  overflow(request: { store: string; file: string; about: Parameters<Engine['overflow']>[1] }): Overflow;
};

/** A thread answers one call and is ended. */
export type ArchivistHandlers = {
  /** A copy of all that is committed, checked; `into` is not there yet, and stays half-written when this fails. */
  snapshot(request: { file: string; into: string }): { version: number; bytes: number };
  /**
   * Whether a database from elsewhere is a store; an older one is brought up to date.
   * @throws Failure `backup.invalid`, `database.newer`
   */
  check(request: { file: string }): void;
};
