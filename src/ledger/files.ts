/** files — the secret that keys the chains, and the head beside them. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sync } from '../base/sync.ts';
import { openHeads, sealHeads, type Heads } from './chain.ts';

export const placesIn = (dir: string) => ({
  database: join(dir, 'ledger.sqlite'),
  secret: join(dir, 'secret'),
  head: join(dir, 'head.json'),
});
export type Places = ReturnType<typeof placesIn>;

/** Whole and on disk when this returns, or the old file is as it was. */
function replaceFile(file: string, bytes: Buffer | string): void {
  const half = `${file}.half`;
  const handle = openSync(half, 'w', 0o600);
  try {
    writeSync(handle, bytes as string);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(half, file);
  sync(dirname(file));
}

const read = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw err;
  }
};

/** 32 random bytes, made when there are none. `isNew`: whatever was sealed before cannot be checked any more. */
export function openSecret({ secret: file }: Places): { secret: Buffer; isNew: boolean } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const known = read(file);
  if (known?.length === 32) return { secret: known, isNew: false };
  const secret = randomBytes(32);
  replaceFile(file, secret);
  return { secret, isNew: true };
}

/** @returns undefined when there is no head, or one that the box did not write */
export function readHeads({ head }: Places, secret: Buffer): Heads | undefined {
  const text = read(head);
  return text === undefined ? undefined : openHeads(secret, text.toString());
}

export const writeHeads = ({ head }: Places, secret: Buffer, heads: Heads): void =>
  replaceFile(head, sealHeads(secret, heads));
