/** Room on the disk: what stores must leave to the rest of the box. */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
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
