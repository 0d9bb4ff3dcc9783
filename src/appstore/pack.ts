import { inflateSync } from 'node:zlib';
import { Failure } from '../base/errors.ts';
import type { Limits } from './limits.ts';

/**
 * Walks an answer of `git-upload-pack` and refuses it before git unpacks it: too many objects, or objects that unpack
 * to more than is allowed. A few kilobytes of zlib can hold gigabytes.
 * @see git-scm.com/docs/gitformat-pack, /docs/gitprotocol-pack (side-band-64k)
 * @throws Failure `repository.invalid`
 */
export function inspectPack(answer: Buffer, limits: Limits): void {
  const pack = packOf(answer);
  if (pack.length < 32 || pack.toString('latin1', 0, 4) !== 'PACK') throw invalid('sends no pack');
  const count = pack.readUInt32BE(8);
  if (count > limits.objects) throw invalid(`has more than ${limits.objects} objects`);
  let at = 12;
  let left = limits.unpackedBytes;
  for (let n = 0; n < count; n++) {
    const { type, size, start } = header(pack, at);
    const { consumed, unpacked } = unpack(pack.subarray(start, pack.length - 20), Math.min(size, left));
    if (unpacked.length !== size) throw invalid('sends an object of another size than it says');
    left -= size + (type === 6 || type === 7 ? sizeAfterDelta(unpacked) : 0);
    if (left < 0) throw invalid(`unpacks to more than ${limits.unpackedBytes} bytes`);
    at = start + consumed;
  }
}

const invalid = (why: string, cause?: unknown) =>
  new Failure('repository.invalid', `the repository ${why}`, {}, { cause });

/** Joins band 1 of the packet lines: four hexadecimal digits of length, one byte of band, the data. */
function packOf(answer: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= answer.length;) {
    const digits = answer.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw invalid('does not speak git’s protocol');
    const length = parseInt(digits, 16);
    if (length > 4 && answer[at + 4] === 1) parts.push(answer.subarray(at + 5, at + length));
    at += Math.max(length, 4);
  }
  return Buffer.concat(parts);
}

/** Type, unpacked size and where the zlib stream begins. */
function header(pack: Buffer, at: number): { type: number; size: number; start: number } {
  let byte = pack[at++] ?? 0;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let scale = 16; byte & 128; scale *= 128) {
    byte = pack[at++] ?? 0;
    size += (byte & 127) * scale;
  }
  // A delta names its base: by a distance of variable length, or by 20 bytes of hash.
  if (type === 6) while ((pack[at++] ?? 0) & 128);
  if (type === 7) at += 20;
  return { type, size, start: at };
}

function unpack(input: Buffer, limit: number): { consumed: number; unpacked: Buffer } {
  try {
    // `info` adds the engine, whose bytesWritten is how much of the input the stream took.
    const { buffer, engine } = inflateSync(input, { info: true, maxOutputLength: Math.max(limit, 1) }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { consumed: engine.bytesWritten, unpacked: buffer };
  } catch (cause) {
    throw invalid('sends an object that is damaged or unpacks to more than is allowed', cause);
  }
}

/** A delta begins with two numbers, seven bits a byte: the size of its base and the size of what it makes. */
function sizeAfterDelta(delta: Buffer): number {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = delta[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  next();
  return next();
}
