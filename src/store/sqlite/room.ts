/** Room on the disk: what stores must leave to the rest of the box. */
import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { reserveOf } from '../../base/room.ts';

/** A look is remembered this long: much less than the reserve can be written in between. */
const lookMs = 250;

/** Tells whether the disk of this file has more room than the reserve. */
export function roomBeside(file: string, reserve: number | null): () => boolean {
  const dir = dirname(file);
  let at = -Infinity;
  let has = false;
  return () => {
    if (performance.now() - at < lookMs) return has;
    const { bavail, bsize, blocks } = statfsSync(dir);
    has = bavail * bsize >= (reserve ?? reserveOf(blocks * bsize));
    at = performance.now();
    return has;
  };
}

/** @throws Failure `store.full` when a file of so many bytes does not fit beside this one */
export async function requireRoom(file: string, { bytes, reserve }: { bytes: number; reserve: number | null }) {
  const { bavail, bsize, blocks } = await statfs(dirname(file));
  const neededBytes = bytes + (reserve ?? reserveOf(blocks * bsize));
  if (bavail * bsize >= neededBytes) return;
  const sentence = `${Math.ceil(neededBytes / 1e6)} MB must be free on the disk of the stores, for a copy and for the box`;
  throw new Failure('store.full', sentence, { neededBytes });
}
