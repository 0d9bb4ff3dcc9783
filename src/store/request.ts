/** What an HTTP request asks of a store, before anything is done for it. Reads headers, never the body. */
import type { IncomingMessage } from 'node:http';
import { Failure } from '../base/errors.ts';
import { methods, type Method } from '../base/names.ts';
import { pathOfUrl } from '../base/paths.ts';
import { formatOfBody, formatOfReply } from './content.ts';
import { modes, type Mode } from './events.ts';
import type { Format } from './operations.ts';

export type Asked = {
  method: Method;
  /** Canonical: authorised and parsed as it is. */
  path: string;
  /** Present: an observation of this path; format null is every format. */
  observe?: { mode: Mode; format: Format | null };
};

/** @throws Failure `method.refused`, `path.invalid`, `value.invalid` */
export function readRequest(req: IncomingMessage): Asked {
  const method = methods.find((name) => name === req.method);
  if (method === undefined) throw new Failure('method.refused', `a store takes ${methods.join(', ')}`);
  const { path, query } = pathOfUrl(req.url ?? '');
  const observe = readObservation(method, query, req.headers.accept);
  // A pattern stands for many paths; only who observes may name one.
  if (!observe && path.endsWith('*')) throw new Failure('path.invalid', 'only an observed path may end in *');
  return { method, path, ...(observe && { observe }) };
}

/** Namespace: of the body on POST, of the reply on GET; a DELETE may name it in either header. */
export function formatOf({ method, path }: Asked, { headers }: IncomingMessage): Format {
  // Any content type registers: clients of the original send whatever they send everywhere.
  if (path === '/cat') return 'json';
  if (method === 'POST' || (method === 'DELETE' && headers['content-type'] !== undefined)) {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw new Failure('content.unsupported', 'send the body without Content-Encoding');
    return formatOfBody(headers['content-type']);
  }
  return formatOfReply(headers.accept);
}

function readObservation(method: Method, query: URLSearchParams, accept: string | undefined): Asked['observe'] {
  const given = Object.fromEntries(query);
  const { observe, format, ...unknown } = given;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined || query.size > Object.keys(given).length) {
    throw new Failure('path.invalid', 'the query may hold observe and format, each once');
  }
  const streams = (accept ?? '').split(',').some((type) => type.split(';')[0]?.trim() === 'text/event-stream');
  if (observe === undefined && !streams) {
    if (format !== undefined) throw new Failure('path.invalid', 'format belongs to an observation');
    return undefined;
  }
  if (method !== 'GET') throw new Failure('method.refused', 'only GET observes');
  return { mode: oneOf(modes, observe ?? 'data'), format: format === undefined ? null : oneOf(formats, format) };
}

const formats = ['json', 'text', 'binary'] as const satisfies readonly Format[];

function oneOf<T extends string>(words: readonly T[], text: string): T {
  const word = words.find((one) => one === text);
  if (word !== undefined) return word;
  throw new Failure('value.invalid', `the query must be one of ${words.join(', ')}`);
}
