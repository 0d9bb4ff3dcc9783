/** What a store needs of the thing that keeps its data. SQLite today; small, so that another engine can stand in. */
import type { FileHandle } from 'node:fs/promises';
import type { Failure, Problem } from '../base/errors.ts';
import type { HypercatItem } from '../base/names.ts';
import type { Batch, Erase, Format, Kind, Precondition, Read } from './operations.ts';
import type { Point } from './point.ts';

/** A change, validated: the engine stores it or fails for want of room or health, not of form. */
export type Write =
  | { do: 'put'; format: Format; id: string; key: string; data: string | Uint8Array; only?: Precondition }
  | { do: 'point'; series: string; timestamp: number; point: Point }
  | { do: 'document'; series: string; timestamp: number; text: string }
  | { do: 'register'; item: HypercatItem }
  | ({ do: 'retain' } & Retention)
  | Erase;

/** What is kept of a series: entries younger than so many ms, and the newest of so many bytes; null and null: all. */
export type Retention = { kind: Kind; id: string; keepMs: number | null; maxBytes: number | null };

/** Where an entry is in its series: its time, and its number among all insertions. */
export type EntryKey = [time: number, seq: number];

/** Some of the oldest entries, up to a key. */
export type Trim = { do: 'trim'; kind: Kind; id: string; until: EntryKey };

/** Where what is kept ends: the newest entry that goes; `next`: not found yet, to be asked on from there; neither: all fits. */
export type Overflow = { until: EntryKey } | { next?: { at: EntryKey; bytes: number } };

/** Entries as they came: whoever writes them reads them, which is work for a thread of its own. */
export type Entries = Batch & {
  /** The whole of its memory, which is given away: afterwards it is empty. */
  body: Uint8Array<ArrayBuffer>;
  /** Time of entries without one, ms since the Unix epoch. */
  now: number;
};

/** Whole lines as they came, an entry each. */
export type Lines = Pick<Entries, 'kind' | 'series' | 'body' | 'now'> & { do: 'lines' };

/** What is on disk of lines: all of them, or those before the one that was refused. */
export type Taken = {
  lines: number;
  /** Entries that these lines hold. */
  entries: number;
  /** Of those, counted from 0, the ones that the series had already: they were not written again. */
  known: number[];
  refused?: Problem;
};

/**
 * A reply, or the first part of a long array. A `part` are elements joined by commas, without the brackets, or by line breaks;
 * `next` is given back for the following part, null at the end. A value that is there has a `tag`.
 */
export type Reply = { whole: string | Uint8Array; tag?: string } | { part: string; next: unknown };

export type Statistics = {
  /** On disk, write-ahead log included. */
  bytes: number;
  datasources: {
    id: string;
    kind: Kind | 'kv';
    entries: number;
    /** Of a series: what is kept of it; null: no limit. */
    keepMs: number | null;
    maxBytes: number | null;
  }[];
};

export type Snapshot = {
  /** Has no name any more: closing it is all that must be done. */
  file: FileHandle;
  bytes: number;
  /** Of the schema. */
  version: number;
};

/** Gone when it is disposed of, unless it took the store's place. */
export type Draft = AsyncDisposable & {
  /**
   * Has the draft written into a file that is not there yet; to be on disk when that resolves.
   * @throws Failure `store.full`, `store.unavailable` for what the disk says; what `write` throws
   */
  fill(write: (file: string) => Promise<void>): Promise<void>;
  /** @throws Failure `store.full` when so much, and the log of a check, do not fit */
  makeRoom(bytes: number): Promise<void>;
  /** @throws Failure `backup.invalid`, `database.newer` unless it is a store as this engine would have written it */
  check(): Promise<void>;
  /** Takes the place of the store's data; that is closed, and nobody opens it meanwhile. Killed in it: old or new. */
  exchange(): Promise<void>;
  /**
   * The new data is open: the old goes.
   * @param keepsOld  it is damaged, and put aside instead. Returns where it then lies
   */
  settle(keepsOld: boolean): Promise<string | null>;
};

export type Engine = AsyncDisposable & {
  /** Resolves to what is kept. @throws Failure `store.unavailable`, `database.newer`, `store.full`; other stores are not touched */
  open(store: string): Promise<Retention[]>;
  /** Keeps the data. Writes that were accepted before are finished. */
  close(store: string): Promise<void>;
  /** Closes the store and deletes its data. */
  remove(store: string): Promise<void>;
  /**
   * Resolves when the change is on disk, to the entity tag of a value that was put, null for all else. Changes that arrive
   * together are committed together, in order of arrival.
   * @throws Failure `store.full`, `store.unavailable`, `store.unknown`, `precondition.failed`: of this change alone
   */
  write(store: string, change: Write): Promise<string | null>;
  /**
   * Resolves to how many entries are on disk: all that came. Otherwise as `write`.
   * @throws Failure also `body.invalid`, `value.invalid`, `body.too-large`: none of them is
   */
  writeAll(store: string, entries: Entries): Promise<number>;
  /** Resolves to what of them is on disk. Otherwise as `write`: then none of them is. */
  writeLines(store: string, lines: Lines): Promise<Taken>;
  /** Sees every change whose `write` has resolved. `next` continues a reply. */
  read(store: string, question: Read, next?: unknown): Promise<Reply>;
  statistics(store: string): Promise<Statistics>;
  /** Removes a few of the oldest entries: less than a batch is. Resolves to how many, on disk; 0: none is left. */
  trim(store: string, trim: Trim): Promise<number>;
  /** Looks for the end of what is kept, some thousand entries at a time. */
  overflow(
    store: string,
    about: Omit<Retention, 'keepMs' | 'maxBytes'> & { maxBytes: number; from?: { at: EntryKey; bytes: number } },
  ): Promise<Overflow>;
  /**
   * A copy of every change whose `write` has resolved, and of none after some moment since; checked whole.
   * @throws Failure `store.unavailable`, `store.full` when there is no room for it
   */
  snapshot(store: string): Promise<Snapshot>;
  /** Room for data that is to take the place of a store's; one at a time. @throws Failure `store.unavailable` */
  draft(store: string): Draft;
  /** Resolves once whatever writes and reads has answered; while it is stuck, it does not. */
  answers(): Promise<void>;
  /** Resolves if the engine died and can keep nothing any more: the process must end. */
  readonly failed: Promise<Failure>;
};
