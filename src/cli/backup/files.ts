/** files — backup files on the caller's disk: read only when they are files, made whole or not at all. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { draftOf, sweepDrafts } from './drafts.ts';

/**
 * Opens a file that is there. A link, a device, a pipe or a folder is none: nothing is asked of what it leads to.
 * @throws Failure `file.unreadable`
 */
export async function openFile(path: string): Promise<{ file: FileHandle; bytes: number }> {
  const refused = (why: string, cause?: unknown) =>
    new Failure('file.unreadable', `${path} ${why}`, { file: path }, { cause });
  const found = await lstat(path).catch((err: NodeJS.ErrnoException) => {
    throw refused(err.code === 'ENOENT' ? 'is not there' : 'cannot be read', err);
  });
  if (!found.isFile()) throw refused(found.isSymbolicLink() ? 'is a link: name the file itself' : 'is no regular file');
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (err: unknown) => {
      throw refused('cannot be read', err);
    },
  );
  // It may have been exchanged in between.
  const { size, ...opened } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }));
  if (opened.isFile) return { file, bytes: size };
  await file.close();
  throw refused('is no regular file');
}

/** @throws Failure `file.unwritable` when something of this name is there */
export async function refuseExisting(path: string): Promise<void> {
  const found = await lstat(path).catch((err: unknown) => {
    const { code } = err as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unwritable(path, 'cannot be made', err);
  });
  if (found) throw unwritable(path, 'is there already: name another, or delete it first');
}

/**
 * Makes a file of mode 0600 that is there, on disk, once all of `fill` has succeeded, and not before. What a killed attempt to
 * make it left is deleted first.
 * @param fill  writes to the handle, and may read back what it wrote by the path
 * @throws Failure `file.unwritable`; what `fill` throws
 */
export async function makeFile(path: string, fill: (file: FileHandle, draft: string) => Promise<void>): Promise<void> {
  await refuseExisting(path);
  await sweepDrafts(path);
  const draft = draftOf(path);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await fill(file, draft);
      await refuseExisting(path);
      // Before it is closed: as long as it is open, nobody takes it for something that was left.
      await rename(draft, path);
    } finally {
      await file.close();
    }
    await syncFolder(dirname(resolve(path)));
  } catch (err) {
    await rm(draft, { force: true });
    if (err instanceof Failure || !isOfDisk(err)) throw err;
    throw unwritable(path, err.code === 'ENOSPC' ? 'does not fit on its disk' : `cannot be made (${err.code})`, err);
  }
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const isOfDisk = (err: unknown): err is NodeJS.ErrnoException & { code: string } =>
  typeof (err as NodeJS.ErrnoException).syscall === 'string' && typeof (err as NodeJS.ErrnoException).code === 'string';

const unwritable = (path: string, why: string, cause?: unknown): Failure =>
  new Failure('file.unwritable', `${path} ${why}`, { file: path }, { cause });
