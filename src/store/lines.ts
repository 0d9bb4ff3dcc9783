/** Entries one a line, as they come: cut at line breaks, read one by one. Pure. */
import { isUtf8 } from 'node:buffer';
import { Failure } from '../base/errors.ts';
import { readEntry, type Entry } from './entries.ts';
import type { Kind } from './operations.ts';

const lineBreak = 10;

export type Cutter = {
  /** The whole lines that there are with this piece; undefined of none. @throws Failure `body.too-large` for a long line */
  take(piece: Buffer): Uint8Array | undefined;
  /** The last line, which may lack its break; undefined when there is none. */
  rest(): Uint8Array | undefined;
};

/** Cuts a stream into whole lines. No more is kept of it than the beginning of one. */
export function lineCutter(longestLine: number): Cutter {
  let room: Buffer = Buffer.alloc(0);
  let size = 0;
  const keep = (piece: Buffer): void => {
    if (size + piece.length > longestLine) {
      throw new Failure('body.too-large', `a line may have at most ${longestLine} bytes`, { limitBytes: longestLine });
    }
    // One room that grows: a list of pieces, one byte each maybe, is hundreds of times the line.
    if (size + piece.length > room.length) {
      const larger = Buffer.allocUnsafe(Math.max(4_096, 2 * room.length, size + piece.length));
      room.copy(larger, 0, 0, size);
      room = larger;
    }
    piece.copy(room, size);
    size += piece.length;
  };
  const joined = (piece: Buffer): Uint8Array => {
    const whole = new Uint8Array(size + piece.length);
    whole.set(room.subarray(0, size));
    whole.set(piece, size);
    room = Buffer.alloc(0);
    size = 0;
    return whole;
  };
  return {
    take(piece) {
      const end = piece.lastIndexOf(lineBreak) + 1;
      const first = end === 0 ? piece.length : piece.indexOf(lineBreak);
      if (end > 0 && size + first <= longestLine) {
        const whole = joined(piece.subarray(0, end));
        keep(piece.subarray(end));
        return whole;
      }
      keep(piece.subarray(0, first));
      return undefined;
    },
    rest: () => (size > 0 ? joined(Buffer.alloc(0)) : undefined),
  };
}

/** What whole lines hold, up to the first that is refused. */
export type Lines = {
  entries: Entry[];
  /** Lines that were read; empty ones hold no entry. */
  lines: number;
  /** Why the next one was not. */
  refused?: Failure;
};

export function readLines(kind: Kind, body: Uint8Array): Lines {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const clean = isUtf8(bytes);
  const read: Lines = { entries: [], lines: 0 };
  for (let at = 0; at < bytes.length; read.lines++) {
    const found = bytes.indexOf(lineBreak, at);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.subarray(at, end);
    try {
      if (!clean && !isUtf8(line)) throw new Failure('body.invalid', 'the line is not UTF-8');
      const entry = entryOf(kind, line.toString());
      if (entry) read.entries.push(entry);
    } catch (err) {
      if (!(err instanceof Failure)) throw err;
      return { ...read, refused: err };
    }
    at = end + 1;
  }
  return read;
}

function entryOf(kind: Kind, line: string): Entry | undefined {
  const text = line.trim();
  if (text === '') return undefined;
  const { entry, end } = readEntry(kind, text, 0);
  if (end < text.length) throw new Failure('body.invalid', 'a line holds one entry, and nothing after it');
  return entry;
}
