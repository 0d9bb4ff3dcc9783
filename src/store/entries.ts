/** Many entries in one text: `[{"timestamp":<ms>,"data":…},…]`, the form in which they are read. Pure. */
import { isUtf8 } from 'node:buffer';
import { Failure } from '../base/errors.ts';
import { memberText, readJsonAt } from '../base/json.ts';
import type { Kind } from './operations.ts';
import { readPoint, type Point } from './point.ts';
import { usualEntry } from './usual.ts';

/** Of one batch. The thread that writes does nothing else meanwhile. */
export const mostEntriesAtOnce = 10_000;

export type Entry = {
  /** Ms since the Unix epoch; null: the time of arrival. */
  timestamp: number | null;
  /** `data`, minified. */
  text: string;
  /** What a numeric series keeps of it; null in a blob series. */
  point: Point | null;
};

/**
 * All entries of a batch.
 * @throws Failure as `readEntries`, `body.too-large`
 */
export function wholeBatch({ kind, body }: { kind: Kind; body: Uint8Array }): Entry[] {
  if (!isUtf8(body)) throw new Failure('body.invalid', 'the body is not UTF-8');
  const entries: Entry[] = [];
  for (const entry of readEntries(kind, Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())) {
    if (entries.push(entry) > mostEntriesAtOnce) {
      const sentence = `a batch may have at most ${mostEntriesAtOnce} points; send the rest in another one`;
      throw new Failure('body.too-large', sentence, { mostPoints: mostEntriesAtOnce });
    }
  }
  return entries;
}

const spaces = /[ \t\n\r]*/y;

/**
 * Reads the entries of a JSON array, one after the other, as they are asked for.
 * @throws Failure as a single write would be refused, `body.invalid`, `value.invalid`; `pointer` says where (RFC 6901)
 */
export function* readEntries(kind: Kind, source: string): Generator<Entry, void> {
  let at = skip(source, 0);
  if (source[at] !== '[') throw new Failure('body.invalid', 'a batch is a JSON array of {"timestamp":<ms>,"data":…}');
  at = skip(source, at + 1);
  for (let index = 0; source[at] !== ']' || index > 0; index++) {
    const { entry, end } = located(`/${index}`, () => readEntry(kind, source, at));
    yield entry;
    at = skip(source, end);
    if (source[at] === ']') break;
    if (source[at] !== ',') throw new Failure('body.invalid', `the array ends or is broken after point ${index}`);
    at = skip(source, at + 1);
  }
  if (skip(source, at + 1) < source.length) throw new Failure('body.invalid', 'there is more after the array');
}

function skip(source: string, at: number): number {
  spaces.lastIndex = at;
  return at + (spaces.exec(source)?.[0].length ?? 0);
}

/** One entry, and where it ends. @throws Failure as `readEntries` */
export function readEntry(kind: Kind, source: string, at: number): { entry: Entry; end: number } {
  const usual = kind === 'ts' ? usualEntry(source, at) : undefined;
  if (usual) return usual;
  const { value, text, end } = readJsonAt(source, at, 1);
  const { timestamp, data, ...unknown } = value as { timestamp?: unknown; data?: unknown };
  if (Array.isArray(value) || Object.keys(unknown).length > 0 || data === undefined) {
    throw new Failure('value.invalid', 'an entry is {"timestamp":<ms>,"data":…}, with or without the timestamp');
  }
  const time = located('/timestamp', () => timeOf(timestamp));
  return { entry: { timestamp: time, ...located('/data', () => dataOf(kind, data, text)) }, end };
}

function timeOf(timestamp: unknown): number | null {
  if (timestamp === undefined) return null;
  if (Number.isSafeInteger(timestamp)) return (timestamp as number) + 0;
  throw new Failure('value.invalid', 'a timestamp is a whole number of ms since the Unix epoch, within ±(2^53 − 1)');
}

/** `data` as the body of a single write; its text is that of the entry without what is around it. */
function dataOf(kind: Kind, data: unknown, entry: string): Pick<Entry, 'text' | 'point'> {
  if (typeof data !== 'object' || data === null) {
    throw new Failure('body.invalid', 'data is a JSON object or array');
  }
  const text = memberText(entry, 'data') ?? '';
  return { text, point: kind === 'ts' ? readPoint({ value: data, text }) : null };
}

/** Adds to a refusal where it is. */
function located<T>(pointer: string, read: () => T): T {
  try {
    return read();
  } catch (err) {
    if (!(err instanceof Failure)) throw err;
    const { pointer: inside = '', ...details } = err.details;
    throw new Failure(err.code, err.message, { ...details, pointer: `${pointer}${String(inside)}` }, { cause: err });
  }
}
