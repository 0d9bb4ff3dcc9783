/** wiping — the mark of a wipe that has begun: until it has ended, what is left of the box must not start. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from './errors.ts';
import { sync } from './sync.ts';

const Mark = z.object({
  /** The id that the box's containers are labelled with; null when it could not be read. */
  box: z.string().nullable(),
  keepComponents: z.boolean(),
  removeCertificates: z.boolean(),
});
export type Mark = z.infer<typeof Mark>;

const fileIn = (dir: string): string => join(dir, 'wipe-unfinished.json');

/** What the wipe that did not end was to do; a mark that nobody can read is of one that was to leave nothing. */
export function unfinishedWipe(dir: string): Mark | undefined {
  if (!existsSync(fileIn(dir))) return undefined;
  try {
    return Mark.parse(JSON.parse(readFileSync(fileIn(dir), 'utf8')));
  } catch {
    return { box: null, keepComponents: false, removeCertificates: true };
  }
}

/** @throws Failure `wipe.unfinished` */
export function refuseHalfWiped(dir: string): void {
  if (!existsSync(fileIn(dir))) return;
  const sentence = `a wipe of ${dir} was interrupted and a part of it is gone; finish it with: databox wipe`;
  throw new Failure('wipe.unfinished', sentence, { dir });
}

/** On disk when this returns. */
export function beginWipe(dir: string, mark: Mark): void {
  const draft = `${fileIn(dir)}.half`;
  writeFileSync(draft, JSON.stringify(mark), { mode: 0o600, flush: true });
  renameSync(draft, fileIn(dir));
  sync(dir);
}

/** What was removed before is removed on disk too, then the mark. */
export function endWipe(dir: string): void {
  sync(dir);
  rmSync(fileIn(dir), { force: true });
  sync(dir);
}
