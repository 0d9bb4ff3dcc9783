import { Failure } from '../../base/errors.ts';

/** A request's path in the one form that every rule looks at. */
export type RequestPath = {
  /** Decoded once, none empty: `/a//b%20c/` is `['a', 'b c']`. */
  segments: readonly string[];
  /** The same segments as they were sent, for a component: `/a/b%20c/`. */
  raw: string;
  /** `''`, or `?` and what follows, as sent. */
  query: string;
};

/**
 * The canonical form of a request target.
 * @param target what stands in the request line
 * @throws Failure `path.invalid` for anything that two readers could understand differently: absolute URLs, dot
 *   segments in any spelling, encoded slashes and backslashes, control characters, broken percent encoding
 */
export function requestPath(target: string): RequestPath {
  if (!/^\/[\x21-\x7e]*$/.test(target) || target.includes('#')) throw invalid('the path must be absolute ASCII');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const sent = path.split('/').filter((segment) => segment !== '');
  const trailing = path.endsWith('/') && sent.length > 0 ? '/' : '';
  return {
    segments: sent.map(decoded),
    raw: `/${sent.join('/')}${trailing}`,
    query: mark < 0 ? '' : target.slice(mark),
  };
}

function decoded(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw invalid('the path is not valid percent-encoded UTF-8');
  }
  // eslint-disable-next-line no-control-regex
  if (/[/\\\u0000-\u001f\u007f]/.test(text)) throw invalid('the path holds an encoded slash or control character');
  if (text === '.' || text === '..') throw invalid('the path holds a dot segment');
  return text;
}

const invalid = (title: string): Failure => new Failure('path.invalid', title);

/** Rule 1: the login page and what it loads are below `/core-ui/ui/`; the API beside them is not. */
export const isOpenToAll = ({ segments, raw }: RequestPath): boolean =>
  raw.startsWith('/core-ui/ui/') && segments[2] !== 'api';
