/** What an HTTP request asks of a store, before anything is done for it. Reads headers, never the body. */
import type { IncomingMessage } from 'node:http';
import { Failure } from '../base/errors.ts';
import { methods, type Method } from '../base/names.ts';
import { pathOfUrl } from '../base/paths.ts';
import { asksForEvents, asksForLines, isInLines, formatOfBody, formatOfReply } from './content.ts';
import { modes, type Mode } from './events.ts';
import type { Format } from './operations.ts';
import { pageLimit, waitingTime } from './segments.ts';

export type Asked = {
  method: Method;
  /** Canonical: authorised and parsed as it is. */
  path: string;
  /** Present: an observation of this path; format null is every format. */
  observe?: { mode: Mode; format: Format | null };
  /** Present: a read in pages, of which this is the first, or the one that a cursor names. */
  page?: { limit: number; cursor: string | undefined };
  /** How long to wait for an answer. */
  waitMs?: number;
  /** Present: entries one a line, in the answer, or in what is posted. */
  lines?: true;
};

/** @throws Failure `method.refused`, `path.invalid`, `value.invalid` */
export function readRequest(req: IncomingMessage): Asked {
  const method = methods.find((name) => name === req.method);
  if (method === undefined) throw new Failure('method.refused', `a store takes ${methods.join(', ')}`);
  const { path, query } = pathOfUrl(req.url ?? '');
  const { accept } = req.headers;
  const isPlain = query.size === 0 && !asksForEvents(accept);
  const { observe, page, waitMs }: Queried = isPlain ? {} : readQuery(method, query, accept);
  // A pattern stands for many paths; only who observes may name one.
  if (!observe && path.endsWith('*')) throw new Failure('path.invalid', 'only an observed path may end in *');
  const inLines = method === 'POST' ? isInLines(req.headers['content-type']) : method === 'GET' && asksForLines(accept);
  const lines = inLines && path.startsWith('/ts/');
  return {
    method,
    path,
    ...(observe && { observe }),
    ...(page && { page }),
    ...(waitMs !== undefined && { waitMs }),
    ...(lines && { lines }),
  };
}

/** Namespace: of the body on POST, of the reply on GET; a DELETE may name it in either header. */
export function formatOf({ method, path, lines }: Asked, { headers }: IncomingMessage): Format {
  // Any content type registers: clients of the original send whatever they send everywhere.
  if (path === '/cat' || (lines && method === 'GET')) return 'json';
  if (method === 'POST' || (method === 'DELETE' && headers['content-type'] !== undefined)) {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw new Failure('content.unsupported', 'send the body without Content-Encoding');
    return lines ? 'json' : formatOfBody(headers['content-type']);
  }
  return formatOfReply(headers.accept);
}

type Given = Partial<Record<'observe' | 'format' | 'limit' | 'cursor' | 'wait', string>>;

type Queried = Pick<Asked, 'observe' | 'page' | 'waitMs'>;

function readQuery(method: Method, query: URLSearchParams, accept?: string): Queried {
  const given = Object.fromEntries(query);
  const { observe, format, limit, cursor, wait, ...unknown } = given as Given;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined || query.size > Object.keys(given).length) {
    throw new Failure('path.invalid', 'the query may hold observe and format, limit and cursor, or wait, each once');
  }
  const streams = asksForEvents(accept);
  if (wait !== undefined) {
    if (query.size === 1 && method === 'GET' && !streams) return { waitMs: waitingTime(wait) * 1_000 };
    throw new Failure('path.invalid', 'wait belongs to the answer of a function, and stands alone');
  }
  if (limit === undefined && cursor === undefined) {
    const observation = readObservation(method, { observe, format }, streams);
    return observation ? { observe: observation } : {};
  }
  if (method !== 'GET' || streams || observe !== undefined || format !== undefined) {
    throw new Failure('path.invalid', 'limit and cursor belong to a read of entries');
  }
  if (limit === undefined) throw new Failure('path.invalid', 'a cursor goes with its limit');
  return { page: { limit: pageLimit(limit), cursor } };
}

type Observing = Record<'observe' | 'format', string | undefined>;
function readObservation(method: Method, { observe, format }: Observing, streams: boolean): Asked['observe'] {
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
