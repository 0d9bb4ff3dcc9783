/** Media types ↔ the three content formats of the store protocol. Pure. */
import { Failure } from '../base/errors.ts';
import type { Format } from './operations.ts';

const mediaTypes: Record<Format, string> = {
  json: 'application/json',
  text: 'text/plain',
  binary: 'application/octet-stream',
};
const formats = new Map(Object.entries(mediaTypes).map(([format, type]) => [type, format as Format]));

/** One JSON value a line. */
export const linesType = 'application/x-ndjson';
const anything = ['*/*', 'application/*'];
const typesOf = (accept: string): string[] =>
  accept
    .toLowerCase()
    .split(',')
    .map((entry) => entry.split(';')[0]?.trim() ?? '');

/** Whether a reply is asked for in lines before any other type that a store has. */
export const asksForLines = (accept = ''): boolean =>
  typesOf(accept).find((type) => type === linesType || anything.includes(type) || formats.has(type)) === linesType;

/** Whether a body is posted one JSON value a line. */
export const isInLines = (contentType = ''): boolean => typesOf(contentType)[0] === linesType;

/** Whether a reply is asked for as server-sent events, also among other types: an EventSource may add its own. */
export const asksForEvents = (accept = ''): boolean => typesOf(accept).includes('text/event-stream');

/** `Content-Type` of a reply. */
export const mediaTypeOf = (format: Format): string =>
  format === 'text' ? 'text/plain; charset=utf-8' : mediaTypes[format];

/**
 * The format a body is posted in; without a `Content-Type` it is JSON.
 * @throws Failure `content.unsupported`
 */
export function formatOfBody(contentType: string | undefined): Format {
  if (contentType === undefined) return 'json';
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.map((text) => /^\s*charset="?([^"\s]*)"?\s*$/.exec(text)?.[1]).find(Boolean);
  const format = formats.get(type.trim());
  if (format && (charset === undefined || /^utf-?8$/.test(charset))) return format;
  throw unsupported('Content-Type');
}

/**
 * The format a reply is asked for: the first of `Accept` that a store has; `*∕*` and absence mean JSON.
 * @throws Failure `content.unsupported`
 */
export function formatOfReply(accept: string | undefined): Format {
  if (accept === undefined) return 'json';
  for (const type of typesOf(accept)) {
    const format = anything.includes(type) ? 'json' : formats.get(type);
    if (format) return format;
  }
  throw unsupported('Accept');
}

const unsupported = (header: string): Failure =>
  new Failure('content.unsupported', `${header} must be one of ${Object.values(mediaTypes).join(', ')}`);
