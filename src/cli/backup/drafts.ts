/**
 * drafts — files that are being made, under names that say so: `.<name>.<process>.half`. A process that is killed leaves its
 * own; the next one that makes the same file deletes it.
 */
import { readdir, readlink, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

const draftName = /^\.(.+)\.(\d+)\.half$/;

/** Of this process, for this file. */
export const draftOf = (path: string): string => join(dirname(resolve(path)), `.${basename(path)}.${process.pid}.half`);

/** The name of the file that this was to become; undefined of one that is no draft. */
export const meantFor = (path: string): string | undefined => draftName.exec(basename(path))?.[1];

/** Deletes what was left of attempts to make this file. One that another process is making stays. */
export async function sweepDrafts(path: string): Promise<void> {
  const named = dirname(resolve(path));
  // As the kernel names what is open. Whoever makes the file there tells what is wrong with the folder.
  const dir = await realpath(named).catch(() => named);
  const names = await readdir(dir).catch(() => []);
  for (const name of names) {
    const [, file, pid = ''] = draftName.exec(name) ?? [];
    const draft = join(dir, name);
    // What cannot be deleted is in nobody's way.
    if (file === basename(path) && !(await isOpenIn(pid, draft))) await rm(draft).catch(() => {});
  }
}

/** Not only whether the process lives: its number may be another's by now. One that we may not look into counts as making it. */
async function isOpenIn(pid: string, file: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  try {
    for (const handle of await readdir(folder)) {
      if ((await readlink(join(folder, handle)).catch(() => '')) === file) return true;
    }
    return false;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
