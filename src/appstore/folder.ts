import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../base/errors.ts';
import { isFileName, tooLarge, type Found, type FoundFile, type Limits } from './limits.ts';

/**
 * Reads the `*.json` files of a local folder's root; what is no plain file counts as a fault.
 * @throws Failure `repository.unreachable`, `repository.invalid`
 */
export async function readFolder(path: string, limits: Limits): Promise<Found> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw new Failure('repository.unreachable', `the folder ${path} cannot be read`, { url: path }, { cause });
  });
  const manifests = names.filter((name) => name.endsWith('.json')).sort();
  if (manifests.length > limits.files) {
    throw new Failure('repository.invalid', `the folder has more than ${limits.files} manifests`, { url: path });
  }
  const files: FoundFile[] = [];
  for (const file of manifests) files.push(await readOne(path, file, limits));
  return { commit: null, ref: null, files };
}

async function readOne(folder: string, file: string, limits: Limits): Promise<FoundFile> {
  if (!isFileName(file)) return { file: JSON.stringify(file), fault: 'manifest: the file’s name is not plain' };
  // NONBLOCK: opening a pipe that nobody writes to would wait for ever. NOFOLLOW: a link may lead anywhere.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let handle: FileHandle | undefined;
  try {
    handle = await open(join(folder, file), flags);
    const info = await handle.stat();
    if (!info.isFile()) return { file, fault: 'manifest: is no plain file' };
    if (info.size > limits.fileBytes) return { file, fault: tooLarge(info.size, limits) };
    const bytes = Buffer.alloc(limits.fileBytes + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return { file, bytes: bytes.subarray(0, bytesRead) };
  } catch (err) {
    const { code } = err as { code?: string };
    return { file, fault: code === 'ELOOP' ? 'manifest: is no plain file' : `manifest: cannot be read (${code})` };
  } finally {
    await handle?.close();
  }
}
