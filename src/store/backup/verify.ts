/** verify — a backup file as it lies on a disk, without a box. */
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { checkStore } from '../sql/check.ts';
import { failureOf } from '../sqlite/failures.ts';
import type { Header } from './format.ts';
import { openBackup } from './unpack.ts';

/**
 * @param depth  `seal`: that it is whole and unaltered. `all`: also that its database is one that `restore` would take, for
 *   which it is unpacked below the folder for temporary files
 * @throws Failure `backup.invalid`, `database.newer`, `store.full` when there is no room to unpack it
 */
export async function verifyBackup(source: AsyncIterable<Buffer>, depth: 'seal' | 'all'): Promise<Header> {
  const backup = await openBackup(source);
  const { header } = backup;
  if (depth === 'seal') {
    await backup.into(null);
    return header;
  }
  await requireRoom(header.bytes);
  const dir = await mkdtemp(join(tmpdir(), 'databox-verify-'));
  const file = join(dir, 'store.sqlite');
  try {
    await backup.into(file);
    checkStore(file);
  } catch (err) {
    throw failureOf(err);
  } finally {
    await rm(dir, { recursive: true });
  }
  return header;
}

async function requireRoom(bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize >= bytes) return;
  const sentence = `${tmpdir()} has no room for the ${Math.ceil(bytes / 1e6)} MB of this backup: name another folder in TMPDIR`;
  throw new Failure('store.full', sentence, { neededBytes: bytes });
}
