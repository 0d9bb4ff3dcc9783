/** unpack — a backup on its way in: nothing of it is believed before its seal was read and fits. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { Failure } from '../../base/errors.ts';
import { type Header, invalid, longestHeader, readHeader, sealBytes } from './format.ts';

/** Memory for decompression, as a power of two: ours needs 2 MB; a frame that asks for more is refused. */
const windowLog = 23;

export type Opened = {
  header: Header;
  /**
   * Decompresses into a file that is not there yet, mode 0600 and on disk when this resolves; without a name, into
   * nothing. Stops at the first byte beyond the declared size.
   * @throws Failure `backup.invalid`; what the file system says
   */
  into(file: string | null): Promise<void>;
};

/** @throws Failure `backup.invalid`, `database.newer` */
export async function openBackup(source: AsyncIterable<Buffer>): Promise<Opened> {
  const parts = source[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (!start.includes(10)) {
    if (start.length >= longestHeader) throw invalid('it does not begin as one');
    const next = await parts.next();
    if (next.done) throw invalid('it is cut off');
    start = Buffer.concat([start, next.value]);
  }
  const end = start.indexOf(10) + 1;
  if (end > longestHeader) throw invalid('it does not begin as one');
  const header = readHeader(start.toString('utf8', 0, end));
  const content = { parts, line: start.subarray(0, end), rest: start.subarray(end) };
  return { header, into: (file) => decompress(content, header, file) };
}

type Content = { parts: AsyncIterator<Buffer>; line: Buffer; rest: Buffer };

/** What lies between header and seal. @throws Failure `backup.invalid` at its end, when the seal does not fit */
async function* unsealed({ parts, line, rest: begun }: Content, count: (bytes: number) => void) {
  const hash = createHash('sha256').update(line);
  let rest = begun;
  for (;;) {
    if (rest.length > sealBytes) {
      const part = rest.subarray(0, -sealBytes);
      rest = rest.subarray(-sealBytes);
      hash.update(part);
      count(part.length);
      yield part;
    }
    const next = await parts.next();
    if (next.done) break;
    rest = Buffer.concat([rest, next.value]);
  }
  if (!hash.digest().equals(rest)) throw invalid('it is cut off, or was altered');
}

async function decompress(content: Content, { bytes }: Header, file: string | null): Promise<void> {
  let packed = 0;
  let unpacked = 0;
  const zstd = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: windowLog } });
  const bounded = new Transform({
    transform(part: Buffer, _encoding, done) {
      unpacked += part.length;
      if (unpacked > bytes) done(invalid('it holds more than it says'));
      else done(null, part);
    },
  });
  const sink =
    file === null
      ? new Writable({ write: (_part, _encoding, done) => done() })
      : createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  try {
    await pipeline(
      unsealed(content, (length) => (packed += length)),
      zstd,
      bounded,
      sink,
    );
  } catch (err) {
    throw unpackFailure(err);
  }
  if (unpacked < bytes) throw invalid('it holds less than it says');
  // The frame must be all there is: what follows it is ignored by the decoder.
  if (zstd.bytesWritten !== packed) throw invalid('something follows its content');
}

/** What the decoder says is about the file; the rest is about the disk or the sender. */
function unpackFailure(err: unknown): unknown {
  const { code = '' } = err as { code?: string };
  return !(err instanceof Failure) && /^(Z_|ZSTD_)/.test(code) ? invalid('its content cannot be unpacked', err) : err;
}
