/**
 * granularity — what a token may read that is only for aggregates: whole buckets that are over, never single points. A
 * part of a bucket, or one that still grows, would tell a point apart from the rest. Pure.
 */
import { Failure } from '../base/errors.ts';
import type { Authorised } from './open-store.ts';
import type { Operation, Selection } from './operations.ts';

/** The length of the buckets that a path asks for, ms; undefined when it is not such a path. */
export function bucketOf(path: string): number | undefined {
  const [, text] = path.includes('/every/') ? (/^\/ts\/.+\/every\/(\d+)\/[a-z]+$/.exec(path) ?? []) : [];
  return text === undefined ? undefined : Number(text);
}

/**
 * The operation as its token permits it: with the caveat `minimum-sample-interval`, of whole buckets that have ended.
 * @param now ms since the Unix epoch
 * @throws Failure `token.forbidden`
 */
export function wholeBuckets(operation: Operation, { caveats = [] }: Authorised, now = Date.now()): Operation {
  if (!caveats.some((caveat) => 'minimum-sample-interval' in caveat)) return operation;
  if (operation.do !== 'buckets') throw forbid('only …/every/<ms>/<aggregate> is permitted');
  const { selection, everyMs } = operation;
  if (selection.pick.by !== 'range' || selection.filter !== null)
    throw forbid('only since and range, without a filter');
  return { ...operation, selection: { ...selection, pick: widened(selection.pick, everyMs, now) } };
}

type Range = Extract<Selection['pick'], { by: 'range' }>;

function widened({ from, to }: Range, everyMs: number, now: number): Range {
  const floor = (time: number): number => Math.floor(time / everyMs) * everyMs;
  const [first, last] = [floor(from), floor(Math.min(to, now)) + everyMs - 1];
  // The bucket of this moment has not ended.
  return { by: 'range', from: first, to: last >= now ? last - everyMs : last };
}

const forbid = (why: string): Failure =>
  new Failure('token.forbidden', `the token is only for aggregates of whole buckets: ${why}`);
