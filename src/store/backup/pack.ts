/** pack — a database on its way out: header, compressed content, seal, as they are asked for. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createZstdCompress } from 'node:zlib';
import { partsOf } from '../../base/parts.ts';
import { type Header, headerLine } from './format.ts';

/** The bytes of a backup file. The caller closes the database. */
export async function* pack(header: Header, database: FileHandle): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const line = Buffer.from(headerLine(header));
  hash.update(line);
  yield line;
  // What fails is thrown by the iteration.
  const packed = pipeline(partsOf(database), createZstdCompress(), () => {});
  for await (const part of packed as AsyncIterable<Buffer>) {
    hash.update(part);
    yield part;
  }
  yield hash.digest();
}
