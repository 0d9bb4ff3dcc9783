/** Entries that came together, as they are written: points in columns, documents one by one. Pure. */
import { type Entry, mostEntriesAtOnce, wholeBatch } from './entries.ts';
import { type Lines, readLines } from './lines.ts';
import type { Kind } from './operations.ts';
import { type Points, pointsOf } from './point.ts';
import { scanBatch, scanLines } from './scan.ts';

export type Several = { kind: 'ts'; points: Points } | { kind: 'ts/blob'; entries: readonly Entry[] };
type Body = { kind: Kind; body: Uint8Array };

export const countOf = (several: Several): number =>
  several.kind === 'ts' ? several.points.times.length : several.entries.length;

/** @throws Failure as `wholeBatch` */
export function batchOf({ kind, body }: Body): Several {
  if (kind === 'ts/blob') return { kind, entries: wholeBatch({ kind, body }) };
  return { kind, points: scanBatch(body, mostEntriesAtOnce) ?? pointsOf(wholeBatch({ kind, body })) };
}

/** What whole lines hold, as `readLines` reads them. */
export function partOf({ kind, body }: Body): Several & Omit<Lines, 'entries'> {
  const scanned = kind === 'ts' ? scanLines(body) : undefined;
  if (scanned) return { kind: 'ts', ...scanned };
  const { entries, ...rest } = readLines(kind, body);
  return kind === 'ts' ? { kind, points: pointsOf(entries), ...rest } : { kind, entries, ...rest };
}
