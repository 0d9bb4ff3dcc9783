import type { FileHandle } from 'node:fs/promises';

const partBytes = 256 * 1024;

/**
 * The bytes of an open file from its beginning, which stays open. Not a stream: one that does not close its file keeps it
 * from ever being closed.
 */
export async function* partsOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(partBytes), 0, partBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
