/** Paths below /ts: `[blob/]<ids>[/<selection>[/filter/<tag>/<equals|contains>/<text>][[/every/<ms>]/<aggregate>]]`. Pure. */
import { Failure } from '../base/errors.ts';
import type { Method } from '../base/names.ts';
import {
  aggregates,
  type Filter,
  type Kind,
  type Operation,
  type Pick,
  type Request,
  type Selection,
} from './operations.ts';
import { entryCount, identifier, identifiers, interval, reject, timestamp } from './segments.ts';

export function parseSeries({ method, format }: Request, segments: readonly string[]): Operation {
  const kind: Kind = segments[0] === 'blob' ? 'ts/blob' : 'ts';
  const [ids, ...rest] = kind === 'ts' ? segments : segments.slice(1);
  if (ids === undefined) {
    throw kind === 'ts' ? unknownPath() : new Failure('path.invalid', 'blob cannot be the id of a numeric series');
  }
  if (format !== 'json') throw new Failure('content.unsupported', 'series hold JSON: use application/json');
  if (rest.length === 0 || rest[0] === 'at') return parseAppend(method, kind, [ids, ...rest]);
  if (rest[0] === 'batch') return parseBatch(method, kind, [ids, ...rest]);
  if (method === 'POST') reject(method, 'only /<id>, /<id>/at/<time> and /<id>/batch are written');
  const series = identifiers(ids);
  if (method === 'DELETE') return parseErase({ kind, series }, rest);
  return parseRead({ kind, series }, rest);
}

/** POST does not split its id on commas: such a series could never be read, so `identifier` refuses it. */
function parseAppend(method: Method, kind: Kind, [id = '', at, time, ...rest]: string[]): Operation {
  if (rest.length > 0 || (at !== undefined && time === undefined)) throw unknownPath();
  if (method !== 'POST') reject(method, 'a series is read and deleted by a selection, as in /ts/<id>/latest');
  return { do: 'append', kind, series: identifier(id), at: time === undefined ? null : timestamp(time) };
}

function parseBatch(method: Method, kind: Kind, [id = '', , ...rest]: string[]): Operation {
  if (rest.length > 0) throw unknownPath();
  if (method !== 'POST') reject(method, 'a batch is only written');
  return { do: 'batch', kind, series: identifier(id) };
}

type Joined = Omit<Selection, 'pick' | 'filter'>;
/** All there is, for `length`. */
const everything: Pick = { by: 'range', from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER };

function parseRead(joined: Joined, segments: readonly string[]): Operation {
  if (segments[0] === 'length') {
    if (segments.length > 1) throw unknownPath();
    return { do: 'length', selection: { ...joined, pick: everything, filter: null } };
  }
  const { selection, rest } = parseSelection(joined, segments);
  if (rest.length === 0) return { do: 'entries', selection };
  const [every, length] = rest;
  const [name, ...more] = every === 'every' ? rest.slice(2) : rest;
  const by = aggregates.find((aggregate) => aggregate === name);
  if (by === undefined || more.length > 0) throw unknownPath();
  numericOnly(joined.kind);
  if (every !== 'every' || length === undefined) return { do: 'aggregate', selection, by };
  return { do: 'buckets', selection, by, everyMs: interval(length) };
}

/** Deletes what the same read would answer; a delete that reads as a question about the series is refused. */
function parseErase(joined: Joined, segments: readonly string[]): Operation {
  const last = segments.at(-1);
  if (last === 'length' || aggregates.some((aggregate) => aggregate === last)) {
    reject('DELETE', 'an aggregate or length cannot be deleted');
  }
  if (segments[0] === 'first' || segments[0] === 'last') reject('DELETE', 'use since, range, latest or earliest');
  const { selection, rest } = parseSelection(joined, segments);
  if (rest.length > 0) throw unknownPath();
  return { do: 'erase', selection };
}

type Selected = { selection: Selection; rest: readonly string[] };

function parseSelection(joined: Joined, segments: readonly string[]): Selected {
  const { pick, rest } = parsePick(segments);
  const [word, name, is, text, ...more] = rest;
  if (word !== 'filter') return { selection: { ...joined, pick, filter: null }, rest };
  if (name === undefined || text === undefined || (is !== 'equals' && is !== 'contains')) throw unknownPath();
  numericOnly(joined.kind);
  const filter: Filter = { name, is, text };
  return { selection: { ...joined, pick, filter }, rest: more };
}

function parsePick([word, first, second, ...more]: readonly string[]): { pick: Pick; rest: readonly string[] } {
  const after = (taken: number): string[] =>
    [first, second, ...more].slice(taken).filter((segment): segment is string => segment !== undefined);
  const given = (segment: string | undefined): string => {
    if (segment === undefined) throw unknownPath();
    return segment;
  };
  switch (word) {
    case 'latest':
      return { pick: { by: 'last', n: 1 }, rest: after(0) };
    case 'earliest':
      return { pick: { by: 'first', n: 1 }, rest: after(0) };
    case 'last':
    case 'first':
      return { pick: { by: word, n: entryCount(given(first)) }, rest: after(1) };
    case 'since':
      return { pick: { by: 'range', from: timestamp(given(first)), to: Number.MAX_SAFE_INTEGER }, rest: after(1) };
    case 'range':
      return { pick: { by: 'range', from: timestamp(given(first)), to: timestamp(given(second)) }, rest: after(2) };
    default:
      throw unknownPath();
  }
}

function numericOnly(kind: Kind): void {
  if (kind === 'ts') return;
  throw new Failure('path.invalid', 'blob series have no filters and no aggregates');
}

const unknownPath = (): Failure =>
  new Failure(
    'path.unknown',
    'there is no such selection; latest, earliest, last/<n>, first/<n>, since/<t>, range/<a>/<b>',
  );
