/**
 * A stretch of a numeric series as columns, and those as bytes: what entries have in common is said once. A thousand points of
 * a thermometer take 1 to 3 KB, where rows take 28. Pure.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Entries in the order of (time, insertion); all columns are of one length. */
export type Columns = {
  /** Ms since the Unix epoch, and the number of each among all insertions. */
  readonly times: Float64Array;
  readonly seqs: Float64Array;
  readonly values: Float64Array;
  /** Ids of tags; 0: none. */
  readonly tags: Float64Array;
  /** By place, where an entry's text is not the usual one. */
  readonly spellings: ReadonlyMap<number, string>;
};

/** Of one stretch. Whoever wants one entry reads all of it. */
export const mostEntries = 10_000;
/** Of all spellings of a stretch. */
const mostSpelledBytes = 8 * 1024 * 1024;
/** Of what is deflated at once: few stretches take more. */
const chunkSize = 16 * 1024;
/** Of what is inflated at once, for each entry: most stretches take less, and the room is taken whole. */
const usualBytes = 4;
const format = 1;
/** Bytes of the numbers in front: format, entries, scale of the values; of each column its width and first number. */
const headBytes = (3 + 2 * 4) * 8;
const mostBytes = headBytes + mostEntries * 4 * 8 + mostSpelledBytes;

export function encode({ times, seqs, values, tags, spellings }: Columns): Uint8Array {
  const scale = scaleOf(values);
  const columns = [steps(times), steps(seqs), scale === 0 ? values : steps(scaled(values, scale)), tags].map(pack);
  const firsts = [times[0], seqs[0], scale === 0 ? 0 : Math.round((values[0] ?? 0) * scale), 0];
  const head = [format, times.length, scale, ...columns.flatMap(({ width }, at) => [width, firsts[at] ?? 0])];
  const spelled = spellings.size === 0 ? '' : JSON.stringify([...spellings]);
  const parts = [new Uint8Array(new Float64Array(head).buffer), ...columns.map(({ bytes }) => bytes)];
  const whole = Buffer.concat([...parts, Buffer.from(spelled)]);
  return deflateRawSync(whole, { chunkSize, ...effortFor(whole.length) });
}

/** Rooms of zlib that are no larger than what they are for: usually it takes 256 KB, and most stretches are a few. */
function effortFor(bytes: number): { windowBits: number; memLevel: number } {
  // It looks back over what is 262 bytes shorter than its window.
  const windowBits = Math.min(15, Math.max(9, Math.ceil(Math.log2(bytes + 262))));
  // Of as many symbols it makes one block.
  return { windowBits, memLevel: Math.min(8, windowBits - 6) };
}

/** Where a column is unpacked to. @param column  times, seqs, values, tags */
export type Room = (column: number, entries: number) => Float64Array;
const ownRoom: Room = (_, entries) => new Float64Array(entries);

/** The same room for one stretch after the other: who unpacks the next is done with the one before. */
export function sharedRoom(): Room {
  const rooms: Float64Array[] = [];
  return (column, entries) => {
    const room = rooms[column];
    if (room && room.length >= entries) return room.subarray(0, entries);
    return (rooms[column] = new Float64Array(entries));
  };
}

type Unpacking = {
  /** As far as they are known: the room to inflate them is made for so many. */
  entries?: number;
  /** Bytes that they may be, inflated: to refuse more costs no more. */
  maxOutputLength?: number;
  /** Absent: one of their own. */
  room?: Room | undefined;
};

function inflated(
  data: Uint8Array,
  { entries = mostEntries, maxOutputLength = mostBytes, room }: Unpacking,
): Uint8Array {
  const chunkSize = headBytes + usualBytes * Math.min(entries, mostEntries);
  const bytes = inflateRawSync(data, { maxOutputLength, chunkSize });
  // Who keeps columns keeps no whole chunk.
  return room ? bytes : new Uint8Array(bytes);
}

/**
 * Columns are unpacked when they are first asked for: most questions are about values alone.
 * @throws Error when these are no bytes that `encode` makes, or too many
 */
export function decode(data: Uint8Array, unpacking: Unpacking = {}): Columns {
  const { room = ownRoom } = unpacking;
  const bytes = inflated(data, unpacking);
  const [is = 0, entries = 0, scale = 0, ...columns] = doubles(bytes.subarray(0, headBytes));
  if (is !== format || !Number.isInteger(entries) || entries < 1 || entries > mostEntries) throw unknown();
  const widths = [0, 1, 2, 3].map((column) => widthFrom(columns[2 * column]));
  const places = [headBytes];
  for (const width of widths) places.push((places.at(-1) ?? 0) + bytesOf(width, entries));
  const [end = Infinity] = places.slice(-1);
  if (end > bytes.length) throw unknown();
  const numbers = (column: number): Float64Array =>
    unpack(bytes.subarray(places[column], places[column + 1]), widths[column] as Width, room(column, entries));
  const first = (column: number): number => columns[2 * column + 1] ?? 0;
  const lazy = <T>(read: () => T) => {
    let is: T | undefined;
    return () => (is ??= read());
  };
  const times = lazy(() => sums(numbers(0), first(0), 1));
  const seqs = lazy(() => sums(numbers(1), first(1), 1));
  const values = lazy(() => (scale === 0 ? numbers(2) : sums(numbers(2), first(2), scale)));
  const tags = lazy(() => numbers(3));
  const spellings = spellingsOf(bytes.subarray(end));
  return {
    get times() {
      return times();
    },
    get seqs() {
      return seqs();
    },
    get values() {
      return values();
    },
    get tags() {
      return tags();
    },
    spellings,
  };
}

const aligned = new Float64Array(headBytes / 8);
const alignedBytes = new Uint8Array(aligned.buffer);

/** Bytes anywhere as numbers, which must lie at a multiple of eight. Good until this is asked again. */
function doubles(bytes: Uint8Array): Float64Array {
  alignedBytes.set(bytes);
  return aligned.subarray(0, bytes.length >> 3);
}

function spellingsOf(bytes: Uint8Array): Map<number, string> {
  if (bytes.length === 0) return new Map();
  const pairs = JSON.parse(Buffer.from(bytes).toString()) as unknown;
  if (Array.isArray(pairs) && pairs.every(isSpelling)) return new Map(pairs);
  throw unknown();
}

function isSpelling(pair: unknown): pair is [number, string] {
  return Array.isArray(pair) && pair.length === 2 && Number.isInteger(pair[0]) && typeof pair[1] === 'string';
}

const unknown = (): Error => new Error('these are no columns of a series');

/** Beyond this a multiple of a value need not be a whole number of its own. */
const mostScaled = 2 ** 40;
const isWhole = (value: number, scale: number): boolean =>
  Math.round(value * scale) / scale === value && Math.abs(value * scale) <= mostScaled && !Object.is(value, -0);

/** What to multiply values by for whole numbers that give exactly them again; 0: nothing would. */
function scaleOf(values: Float64Array): number {
  let scale = 1;
  for (const value of values) {
    while (!isWhole(value, scale)) {
      scale *= 10;
      if (scale > 1e6) return 0;
    }
  }
  // One that was whole with a smaller scale may not be with this one.
  return values.every((value) => isWhole(value, scale)) ? scale : 0;
}

const scaled = (values: Float64Array, scale: number): Float64Array => values.map((value) => Math.round(value * scale));

/** Of each number from the one before; of the first as of the second, which may make all of them one. */
function steps(numbers: Float64Array): Float64Array {
  const all = new Float64Array(numbers.length);
  for (let at = 1; at < numbers.length; at++) all[at] = (numbers[at] as number) - (numbers[at - 1] as number);
  all[0] = all[1] ?? 0;
  return all;
}

/** Undoes `steps` in their place, and divides. */
function sums(numbers: Float64Array, first: number, scale: number): Float64Array {
  let sum = first;
  numbers[0] = sum / scale;
  for (let at = 1; at < numbers.length; at++) {
    sum += numbers[at] as number;
    numbers[at] = sum / scale;
  }
  return numbers;
}

const arrays = { 1: Int8Array, 2: Int16Array, 4: Int32Array, 8: Float64Array } as const;
/** Bytes of each number; 0: one of 8 bytes stands for all. */
type Width = 0 | keyof typeof arrays;

const bytesOf = (width: Width, entries: number): number => (width === 0 ? 8 : width * entries);

/** In the fewest bytes that hold all of them; first all lowest bytes, then all second ones: alike stands beside alike. */
function pack(numbers: Float64Array): { width: Width; bytes: Uint8Array } {
  const width = widthOf(numbers);
  if (width === 0) return { width, bytes: new Uint8Array(numbers.slice(0, 1).buffer) };
  const whole = new Uint8Array(new arrays[width](numbers).buffer);
  if (width === 1) return { width, bytes: whole };
  const bytes = new Uint8Array(whole.length);
  for (let byte = 0, to = 0; byte < width; byte++) {
    for (let at = byte; at < whole.length; at += width) bytes[to++] = whole[at] as number;
  }
  return { width, bytes };
}

/** Undoes `pack`. @param into  as long as the column */
function unpack(bytes: Uint8Array, width: Width, into: Float64Array): Float64Array {
  const entries = into.length;
  const byte = (at: number): number => bytes[at] as number;
  switch (width) {
    case 0:
      return into.fill(doubles(bytes)[0] as number);
    case 1:
      for (let at = 0; at < entries; at++) into[at] = (byte(at) << 24) >> 24;
      return into;
    case 2:
      for (let at = 0; at < entries; at++) into[at] = ((byte(at) << 16) | (byte(at + entries) << 24)) >> 16;
      return into;
    case 4:
      for (let at = 0; at < entries; at++) {
        const [low, high] = [
          byte(at) | (byte(at + entries) << 8),
          byte(at + 2 * entries) | (byte(at + 3 * entries) << 8),
        ];
        into[at] = low | (high << 16);
      }
      return into;
    case 8: {
      const whole = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
      for (let at = 0; at < whole.length; at++) whole[at] = byte((at % 8) * entries + (at >> 3));
      return into;
    }
  }
}

const widthNames: readonly unknown[] = [0, 1, 2, 4, 8] satisfies Width[];

function widthFrom(number: unknown): Width {
  if (widthNames.includes(number)) return number as Width;
  throw unknown();
}

function widthOf(numbers: Float64Array): Width {
  const first = numbers[0] as number;
  let isOne = true;
  let isWhole = true;
  let largest = 0;
  for (const number of numbers) {
    isOne &&= Object.is(number, first);
    isWhole &&= Number.isInteger(number) && !Object.is(number, -0);
    largest = Math.max(largest, number < 0 ? -number - 1 : number);
  }
  if (isOne) return 0;
  if (!isWhole) return 8;
  return largest < 2 ** 7 ? 1 : largest < 2 ** 15 ? 2 : largest < 2 ** 31 ? 4 : 8;
}
