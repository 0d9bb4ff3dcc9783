/**
 * Files beside a store's own, and how one takes the place of another. Whoever is killed at any moment finds the old data
 * or the new: `<store>.sqlite.new` is whole and wanted from the moment that it has this name.
 */
import { randomBytes } from 'node:crypto';
import { globSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sync } from '../../base/sync.ts';

const logs = ['-wal', '-shm'];

export const fileOf = (dir: string, store: string): string => join(dir, `${store}.sqlite`);
/** A file that is being received: of no use after a crash. */
export const draftOf = (file: string): string => `${file}.draft`;
/** A copy that is being made; the same. */
export const copyOf = (file: string): string => `${file}.copy-${randomBytes(6).toString('hex')}`;
const newOf = (file: string): string => `${file}.new`;
/** What was there before, until the new is open. */
const oldOf = (file: string): string => `${file}.old`;
/** A damaged store that was replaced: perhaps somebody can read more out of it. */
export const damagedOf = (file: string): string => `${file}.damaged`;

const isThere = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

/** Puts a draft that is on disk in the place of a store that is closed. */
export function exchange(file: string): void {
  removeDatabase(oldOf(file));
  sync(dirname(file));
  renameSync(draftOf(file), newOf(file));
  sync(dirname(file));
  finishExchange(file);
}

/** Goes on with an exchange that was decided, if there is one; nobody may have the store open. */
export function finishExchange(file: string): void {
  if (!isThere(newOf(file))) return;
  // The log of the old data must not meet the new.
  for (const end of ['', ...logs]) {
    if (isThere(`${file}${end}`)) renameSync(`${file}${end}`, `${oldOf(file)}${end}`);
  }
  sync(dirname(file));
  renameSync(newOf(file), file);
  sync(dirname(file));
}

/** The new data is open: the old goes, or is kept under the name of what is damaged. */
export function settleExchange(file: string, keepsOld: boolean): void {
  if (keepsOld && isThere(oldOf(file))) {
    removeDatabase(damagedOf(file));
    for (const end of logs) {
      if (isThere(`${oldOf(file)}${end}`)) renameSync(`${oldOf(file)}${end}`, `${damagedOf(file)}${end}`);
    }
    renameSync(oldOf(file), damagedOf(file));
  }
  removeDatabase(oldOf(file));
  sync(dirname(file));
}

/** After a start: what was decided is ended, what was only begun goes. */
export function tidy(dir: string): void {
  for (const found of globSync('*.sqlite.new', { cwd: dir })) finishExchange(join(dir, basename(found, '.new')));
  for (const found of globSync(['*.sqlite.draft*', '*.sqlite.old*', '*.sqlite.copy-*'], { cwd: dir })) {
    rmSync(join(dir, found), { force: true, recursive: true });
  }
}

export function removeDatabase(file: string): void {
  for (const end of ['', ...logs]) rmSync(`${file}${end}`, { force: true, recursive: true });
}

/** A store and all that is beside it. */
export function removeStore(file: string): void {
  for (const each of [newOf(file), draftOf(file), oldOf(file), damagedOf(file), file]) removeDatabase(each);
}

/** Of the database and its log, bytes. */
export async function sizeOf(dir: string, store: string): Promise<number> {
  let bytes = 0;
  for (const end of ['', ...logs]) {
    bytes += await stat(`${fileOf(dir, store)}${end}`).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
