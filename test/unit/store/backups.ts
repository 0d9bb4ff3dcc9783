/** Backup files for tests: whole ones, and such as somebody else might make. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import Database from 'better-sqlite3';
import type { Sqlite } from '../../../src/base/sqlite.ts';
import type { Stores } from '../../../src/store/index.ts';
import { store } from './harness.ts';

export const owner = { component: 'driver-test', type: 'driver', origin: 'examples' } as const;

export async function bytesOf(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

export const backupOf = async (stores: Stores): Promise<Buffer> =>
  bytesOf((await stores.backup(store, owner)).content as AsyncIterable<Buffer>);

export type Taken = { header: Record<string, unknown>; database: Buffer };

export function takeApart(backup: Buffer): Taken {
  const end = backup.indexOf(10);
  const header = JSON.parse(backup.toString('utf8', 0, end)) as Record<string, unknown>;
  return { header, database: zstdDecompressSync(backup.subarray(end + 1, -32)) };
}

/** With a seal that fits, as one who knows the format would make it. */
export function putTogether({ header, database }: Taken, frame: Buffer = zstdCompressSync(database)): Buffer {
  const rest = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), frame]);
  return Buffer.concat([rest, createHash('sha256').update(rest).digest()]);
}

/** The same backup with another database in it. */
export function withDatabase(backup: Buffer, change: (db: Sqlite) => void): Buffer {
  const { header, database } = takeApart(backup);
  const dir = mkdtempSync(join(tmpdir(), 'databox-hostile-'));
  try {
    const file = join(dir, 'x.sqlite');
    writeFileSync(file, database);
    const db = new Database(file);
    db.unsafeMode();
    change(db);
    db.close();
    const changed = readFileSync(file);
    return putTogether({ header: { ...header, bytes: changed.length }, database: changed });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** In parts of uneven length, as a socket gives them. */
export async function* inParts(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0, length = 1; at < bytes.length; at += length, length = (length * 7 + 3) % 9_001) {
    yield bytes.subarray(at, at + length);
    await Promise.resolve();
  }
}
