/** copies — a database file as it was before a newer version changed it: `<file>.v<version>`, until the update is settled. */
import { chmodSync, constants, copyFileSync, globSync, renameSync } from 'node:fs';
import { rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from './errors.ts';
import { sync } from './sync.ts';

/** Left free beside a copy: the migration and its log need room too, and so does the rest of the box. */
const reserveBytes = 32 * 1024 * 1024;

export type Copy = { file: string; copy: string };

/**
 * Copies a database file that nobody writes to and whose log is empty; when this returns, the copy is on disk. A copy
 * that is there from before is replaced: one file has one copy.
 * @throws Failure `database.full` when there is no room for it; nothing is changed then
 */
export function keepCopy(file: string, version: number): void {
  const dir = dirname(file);
  const half = `${file}.half`;
  rmSync(half, { force: true });
  const { bavail, bsize } = statfsSync(dir);
  const needed = statSync(file).size + reserveBytes;
  if (bavail * bsize < needed) throw noRoom(file, needed);
  try {
    copyFileSync(file, half, constants.COPYFILE_FICLONE);
    chmodSync(half, 0o600);
    sync(half);
  } catch (cause) {
    rmSync(half, { force: true });
    throw (cause as { code?: unknown }).code === 'ENOSPC' ? noRoom(file, needed, cause) : cause;
  }
  const copy = `${file}.v${version}`;
  renameSync(half, copy);
  sync(dir);
  for (const older of copiesOf(file)) if (older.copy !== copy) rmSync(older.copy);
}

const noRoom = (file: string, neededBytes: number, cause?: unknown): Failure => {
  const megabytes = Math.ceil(neededBytes / 1e6);
  const sentence = `${file} was not updated: ${megabytes} MB must be free on its disk for a copy of it`;
  return new Failure('database.full', sentence, { file, neededBytes }, { cause });
};

/** The copies below a state directory, and what each is a copy of. */
export const copiesIn = (dir: string): Copy[] =>
  globSync(['*.sqlite.v*', '*/*.sqlite.v*'], { cwd: dir })
    .sort()
    .flatMap((path) => copyAt(join(dir, path)));

const copiesOf = (file: string): Copy[] =>
  globSync(`${basename(file)}.v*`, { cwd: dirname(file) }).flatMap((name) => copyAt(join(dirname(file), name)));

function copyAt(copy: string): Copy[] {
  const file = /^(.*\.sqlite)\.v\d+$/.exec(copy)?.[1];
  return file === undefined ? [] : [{ file, copy }];
}

/**
 * Puts every copy back in the place of its file. Nobody may have the files open. Killed in the middle, it goes on when
 * it is called again: a copy is there until it has become the file.
 */
export function restoreCopies(dir: string): Copy[] {
  const copies = copiesIn(dir);
  for (const { file, copy } of copies) {
    // First: SQLite would read what the newer version logged into the older file.
    for (const log of [`${file}-wal`, `${file}-shm`]) rmSync(log, { force: true });
    sync(dirname(file));
    renameSync(copy, file);
    sync(dirname(file));
  }
  return copies;
}

/** Deletes the copies: what was updated stays updated. */
export function dropCopies(dir: string): Copy[] {
  const copies = copiesIn(dir);
  for (const { copy } of copies) rmSync(copy, { force: true });
  return copies;
}
