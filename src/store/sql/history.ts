/** The entries of numeric series, wherever they lie: rows and blocks in one order. */
import type { Sqlite } from '../../base/sqlite.ts';
import type { EntryKey } from '../engine.ts';
import type { Selection } from '../operations.ts';
import { blocks, divide, isWithin, type Blocks, type Slice } from './blocks.ts';
import { loose, type Chunk, type Loose, type Row } from './loose.ts';
import { highest, lowest, type Span } from './span.ts';
import { tagNamer, type TagNamer } from './tags.ts';

/** What an entry of a numeric series has beside its key. */
export type Data = { value: number; tag: number | null; spelling: string | null };

/** Newest entries of one moment that another of that moment is compared with: a thousand at one time are no history. */
export const compared = 100;

type Chosen = Pick<Selection, 'filter'>;
type Parts = { sealed: Blocks; rows: Loose; tags: TagNamer };

export type History = Parts & {
  /** The key of the entry that has `n` others of the span before it, in reading order; undefined: the span has fewer. */
  nth(span: Span, forward: boolean, n: number): EntryKey | undefined;
  /** Whether any of these spans has sealed entries: else SQL alone knows all. */
  isSealed(spans: readonly Span[]): boolean;
  count(span: Span): number;
  /** In reading order; can stop anywhere. */
  iterate(span: Span, forward: boolean, chosen: Chosen): Iterable<Row>;
  chunks(span: Span, chosen: Chosen): Iterable<Chunk>;
  /** Whether sealed entries of this time have one of the same data; the newest are looked at. */
  hasSealed(series: number, time: number, data: Data): boolean;
};

export function history(db: Sqlite): History {
  const parts: Parts = { sealed: blocks(db), rows: loose(db), tags: tagNamer(db) };
  const { sealed, rows } = parts;
  return {
    ...parts,
    nth: (span, forward, n) => nth(parts, { span, forward, n }),
    isSealed: (spans) => spans.some(sealed.has),
    count: (span) => count(parts, span),
    iterate: (span, forward, chosen) =>
      sealed.has(span)
        ? merged(rows.iterate(span, forward, chosen), sealedIn(parts, { span, forward, chosen }), forward)
        : rows.iterate(span, forward, chosen),
    chunks: (span, chosen) => chunks(parts, span, chosen),
    hasSealed: (series, time, data) => hasSealed(parts, [series, time, lowest, time, highest], data),
  };
}

type Asked = { span: Span; forward: boolean };

/** Goes from block to block, and between them from row to row, until so many are behind. */
function nth(parts: Parts, { span, forward, n }: Asked & { n: number }): EntryKey | undefined {
  const { sealed, rows } = parts;
  let rest: Span | undefined = span;
  let left = n;
  for (const block of sealed.along(span, forward)) {
    if (!rest) return undefined;
    const { before, inside, after } = divide(rest, block);
    const [first, then] = forward ? [before, after] : [after, before];
    const found = first && rows.edge(first, forward, left);
    if (found) return found;
    if (first) left -= rows.count(first);
    const slice = sealed.slice(block, inside);
    const entries = slice.to - slice.from + rows.count(inside);
    if (left < entries) {
      const all = merged(rows.iterate(inside, forward), sealedRows(parts, slice, { forward }), forward);
      return keyAt(all, left);
    }
    left -= entries;
    rest = then;
  }
  return rest && rows.edge(rest, forward, left);
}

function keyAt(entries: Iterable<Row>, n: number): EntryKey | undefined {
  let left = n;
  for (const { timestamp, seq } of entries) if (left-- === 0) return [timestamp, seq];
  return undefined;
}

function count({ sealed, rows }: Parts, span: Span): number {
  let sum = rows.count(span);
  for (const block of sealed.along(span, true)) {
    if (isWithin(block, span)) sum += block.entries;
    else {
      const { from, to } = sealed.slice(block, span);
      sum += to - from;
    }
  }
  return sum;
}

type Matches = (tag: number) => boolean;

function* sealedIn(parts: Parts, { span, forward, chosen }: Asked & { chosen: Chosen }): Generator<Row> {
  const matches = parts.tags.matcher(chosen);
  for (const block of parts.sealed.along(span, forward)) {
    yield* sealedRows(parts, parts.sealed.slice(block, span), { forward, matches });
  }
}

type How = { forward: boolean; matches?: Matches };

function* sealedRows({ tags }: Parts, { columns, from, to }: Slice, { forward, matches }: How): Generator<Row> {
  const { times, seqs, values, tags: ids, spellings } = columns;
  for (let step = 0; step < to - from; step++) {
    const at = forward ? from + step : to - 1 - step;
    const tag = ids[at] as number;
    if (matches && !matches(tag)) continue;
    const [name, text] = tags.of(tag);
    const key = { timestamp: times[at] as number, seq: seqs[at] as number };
    yield { ...key, value: values[at] as number, name, text, data: spellings.get(at) ?? null };
  }
}

function* chunks({ sealed, rows, tags }: Parts, span: Span, chosen: Chosen): Generator<Chunk> {
  yield* rows.chunks(span, chosen);
  const matches = chosen.filter ? tags.matcher(chosen) : undefined;
  for (const block of sealed.along(span, true)) yield chunkOf(sealed.passingSlice(block, span), matches);
}

function chunkOf({ columns, from, to }: Slice, matches: Matches | undefined): Chunk {
  const picked = (numbers: Float64Array): Float64Array => {
    const all = from === 0 && to === numbers.length ? numbers : numbers.subarray(from, to);
    return matches ? all.filter((_, at) => matches(columns.tags[from + at] as number)) : all;
  };
  return {
    // Asked for only by who needs them: they would have to be unpacked.
    get times() {
      return picked(columns.times);
    },
    values: picked(columns.values),
  };
}

function hasSealed({ sealed }: Parts, moment: Span, { value, tag, spelling }: Data): boolean {
  for (const block of sealed.along(moment, false)) {
    const { columns, from, to } = sealed.slice(block, moment);
    for (let at = to - 1; at >= Math.max(from, to - compared); at--) {
      const isSame = columns.values[at] === value && columns.tags[at] === (tag ?? 0);
      if (isSame && (columns.spellings.get(at) ?? null) === spelling) return true;
    }
  }
  return false;
}

/** Two ordered lists in one order. Whoever stops early ends both. */
function* merged(one: Iterable<Row>, other: Iterable<Row>, forward: boolean): Generator<Row> {
  const [left, right] = [one[Symbol.iterator](), other[Symbol.iterator]()];
  try {
    let [a, b] = [left.next(), right.next()];
    while (!a.done || !b.done) {
      const takesLeft = b.done || (!a.done && isFirst(a.value, b.value, forward));
      yield (takesLeft ? a.value : b.value) as Row;
      if (takesLeft) a = left.next();
      else b = right.next();
    }
  } finally {
    left.return?.();
    right.return?.();
  }
}

const isFirst = (a: Row, b: Row, forward: boolean): boolean => {
  const isEarlier = a.timestamp === b.timestamp ? a.seq < b.seq : a.timestamp < b.timestamp;
  return isEarlier === forward;
};
