import { Failure } from './errors.ts';

/** Longer paths are nobody's datasource; a token that holds one must still fit into an HTTP header. */
const longestPath = 2_048;

/**
 * The one spelling of a path that grants, tokens, stores and both doors compare: `/` or `/a/b`, already decoded.
 * Refused rather than repaired, because two parsers that repair differently disagree about what was permitted:
 * empty segments (`//`, a trailing `/`), `.` and `..`, `%` (nothing is decoded twice), `\`, control and format
 * characters, text that is not in Unicode form NFC, a `*` that is not the last character, more than 2,048 characters.
 * @throws Failure `path.invalid`
 */
export function canonicalPath(path: string): string {
  const fault = faultOf(path);
  if (fault !== undefined) throw new Failure('path.invalid', `the path ${fault}`);
  return path;
}

/** Of letters, digits and signs that no rule is about, each segment beginning with no dot: nearly every path there is. */
const usual = /^(?:\/[\w~-][\w.~,:@-]*)+$/;

function faultOf(path: string): string | undefined {
  if (path.length > longestPath) return `has more than ${longestPath} characters`;
  if (usual.test(path)) return undefined;
  if (!path.startsWith('/')) return 'does not begin with /';
  if (/[%\\\p{C}\p{Zl}\p{Zp}]/u.test(path)) return 'has a character that is not allowed';
  if (path.normalize('NFC') !== path) return 'is not in Unicode form NFC';
  if (path.slice(0, -1).includes('*')) return 'has a * before its end';
  if (path === '/') return undefined;
  const segments = path.slice(1).split('/');
  if (segments.includes('')) return 'has an empty segment';
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'has a dot segment';
  return undefined;
}

/**
 * Splits a request target (`req.url`) into its canonical path and its query. Each segment is percent-decoded once;
 * `new URL` is not used, because it would resolve dot segments before anyone could refuse them.
 * @throws Failure `path.invalid`, also for an encoded `/` and for bytes that are not UTF-8
 */
export function pathOfUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  const raw = mark < 0 ? url : url.slice(0, mark);
  if (raw.length > 3 * longestPath)
    throw new Failure('path.invalid', `the path has more than ${longestPath} characters`);
  const path = raw.includes('%') ? raw.split('/').map(decodeSegment).join('/') : raw;
  return { path: canonicalPath(path), query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) };
}

function decodeSegment(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch (cause) {
    throw new Failure('path.invalid', 'the path is not valid percent-encoded UTF-8', {}, { cause });
  }
  if (text.includes('/')) throw new Failure('path.invalid', 'the path has an encoded /');
  return text;
}

/** Whether a path, or a pattern whose trailing `*` stands for one or more further characters, covers `path`. */
export const covers = (pattern: string, path: string): boolean =>
  pattern.endsWith('*') ? path.length >= pattern.length && path.startsWith(pattern.slice(0, -1)) : pattern === path;
