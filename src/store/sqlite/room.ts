/** Room on the disk: what stores must leave to the rest of the box. */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Kept free unless options say otherwise: this, or a twentieth of a small disk. A component that fills its store must not
 * keep the owner from revoking and removing it, which is written down before it counts.
 */
const reserveBytes = 256 * 1024 * 1024;
const reserveShare = 1 / 20;
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
    has = bavail * bsize >= (reserve ?? Math.min(reserveBytes, blocks * bsize * reserveShare));
    at = performance.now();
    return has;
  };
}
