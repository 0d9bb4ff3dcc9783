/** Entity tags and preconditions of key/value data (RFC 9110, 8.8.3 and 13). Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import { Failure } from '../base/errors.ts';
import type { Format, Operation, Precondition, Tags } from './operations.ts';

/**
 * The strong tag of a value. What is not there has none.
 * @param random  bytes that were drawn when the value was written: a tag that could be computed would tell whoever may only
 *   write, by 412 or 201, whether the value is one that it guesses
 */
export const tagOf = (format: Format, random: Buffer): string => `"${format}.${random.toString('base64url')}"`;

/** @param tag  of the value that is there, undefined of none */
export function holds({ match, noneMatch }: Precondition, tag: string | undefined): boolean {
  if (match !== undefined && !names(match, tag)) return false;
  return noneMatch === undefined || !names(withoutWeak(noneMatch), tag);
}

const names = (tags: Tags, tag: string | undefined): boolean =>
  tag !== undefined && (tags === '*' || tags.includes(tag));

/** `If-None-Match` compares weakly, `If-Match` strongly: there a weak tag is never the one. */
const withoutWeak = (tags: Tags): Tags => (tags === '*' ? tags : tags.map((tag) => tag.replace(/^W\//, '')));

/** Those that only a read with dates or ranges could heed. */
const strangers = ['if-modified-since', 'if-unmodified-since', 'if-range'] as const;

/**
 * The preconditions of a request, null where it has none.
 * @throws Failure `precondition.invalid`
 */
export function readPrecondition(headers: IncomingHttpHeaders): Precondition | null {
  const stranger = strangers.find((name) => headers[name] !== undefined);
  if (stranger) throw invalid(`a store knows If-Match and If-None-Match, not ${stranger}`);
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match === undefined && noneMatch === undefined) return null;
  return {
    ...(match !== undefined && { match: readTags('If-Match', match) }),
    ...(noneMatch !== undefined && { noneMatch: readTags('If-None-Match', noneMatch) }),
  };
}

const oneTag = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;
const listOfTags = new RegExp(`^${oneTag.source}(?:[ \\t]*,[ \\t]*${oneTag.source})*$`);

function readTags(header: string, text: string): Tags {
  if (text === '*') return text;
  if (!listOfTags.test(text)) throw invalid(`${header} is * or entity tags in quotes, joined by commas`);
  return text.match(oneTag) ?? [];
}

/**
 * The operation that does its work only if the precondition holds.
 * @throws Failure `precondition.invalid` where it could only be ignored
 */
export function onlyIf(operation: Operation, precondition: Precondition | null): Operation {
  if (precondition === null) return operation;
  const { do: what } = operation;
  if (what === 'value' && precondition.match === undefined) return { ...operation, only: precondition };
  if (what === 'put' || (what === 'drop' && operation.key !== null)) return { ...operation, only: precondition };
  throw misplaced();
}

/** @throws Failure `precondition.invalid` of any */
export function unconditional(precondition: Precondition | null): void {
  if (precondition !== null) throw misplaced();
}

const misplaced = (): Failure =>
  invalid('only GET of one value takes If-None-Match, and its POST and DELETE also If-Match');

const invalid = (why: string): Failure => new Failure('precondition.invalid', why);
