/** The small words of the path grammar: ids, times, counts, refusals. Pure. */
import { Failure } from '../base/errors.ts';
import type { Method } from '../base/names.ts';

export const longestId = 256;
export const mostSeries = 100;
/** What `last/<n>` and `first/<n>` may ask for; beyond it `since` and `range` are the way. */
export const mostEntries = 1_000_000;

/**
 * A datasource id or key: 1 to 256 bytes of UTF-8 without a comma (it joins series in reads) and without `*`.
 * What no path may hold (control characters, `%`, `\`, dot segments) was refused with the path.
 */
export function identifier(text: string): string {
  if (/[,*]/.test(text)) throw new Failure('path.invalid', 'an id or key may not contain a comma or *', { id: text });
  return bounded(text);
}

/** Ids joined by commas, each at most once. What is no id alone is none in a join: there the path's dot rule does not see it. */
export function identifiers(text: string): string[] {
  const ids = text.split(',').map((id) => identifier(id));
  if (ids.some((id) => id === '.' || id === '..')) throw new Failure('path.invalid', 'an id may not be . or ..');
  if (new Set(ids).size < ids.length) throw new Failure('path.invalid', 'a join names each series once');
  if (ids.length > mostSeries) throw new Failure('path.invalid', `a join may name at most ${mostSeries} series`);
  return ids;
}

/** @param text  decimal digits after an optional minus: ms since the Unix epoch, within ±(2^53 − 1) */
export function timestamp(text: string): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value + 0;
  throw new Failure('value.invalid', 'a time is a whole number of ms since the Unix epoch', { time: text });
}

/** What one page may ask for: a part of the engine's. */
export const mostOfPage = 1_000;

/** @param text  decimal digits */
export function pageLimit(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= mostOfPage) return value;
  throw new Failure('value.invalid', `a limit is a whole number from 1 to ${mostOfPage}`, { limit: text });
}

/** Seconds that an answer is waited for. */
export const longestWait = 60;

/** @param text  decimal digits */
export function waitingTime(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= longestWait) return value;
  throw new Failure('value.invalid', `a wait is a whole number of seconds from 0 to ${longestWait}`, { wait: text });
}

export function entryCount(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= mostEntries) return value;
  throw new Failure('value.invalid', `a count is a whole number from 0 to ${mostEntries}`, { count: text });
}

/** @param text  decimal digits: the length of a bucket, ms */
export function interval(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && Number.isSafeInteger(value)) return value;
  throw new Failure('value.invalid', 'an interval is a whole number of ms, at least 1', { interval: text });
}

/** @throws Failure `method.refused` */
export function reject(method: Method, why = 'the path has no such method'): never {
  throw new Failure('method.refused', `${method}: ${why}`, { method });
}

function bounded(text: string): string {
  if (text === '') throw new Failure('path.invalid', 'an id or key may not be empty');
  if (text.length <= longestId && Buffer.byteLength(text) <= longestId) return text;
  throw new Failure('path.invalid', `an id or key may have at most ${longestId} bytes`);
}
