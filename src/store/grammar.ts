/** The path grammar: (method, canonical path, format) → what is meant. Pure, and the only place that knows paths. */
import { Failure } from '../base/errors.ts';
import type { Method } from '../base/names.ts';
import type { Operation, Request } from './operations.ts';
import { identifier, reject } from './segments.ts';
import { parseSeries } from './series.ts';

/**
 * @throws Failure `path.unknown`, `path.invalid` (an id that is not allowed), `method.refused` (the path exists with
 *   another method), `value.invalid` (a time or count), `content.unsupported`
 */
export function parse(request: Request): Operation {
  const [root = '', ...rest] = request.path.slice(1).split('/');
  if (root === 'ts') return parseSeries(request, rest);
  if (root === 'kv') return parseKeyValue(request, rest);
  if (root === 'notification') return parseFunction(request.method, rest);
  if (rest.length > 0) throw unknownPath();
  if (root === 'cat') return parseCatalogue(request.method);
  if (root === 'hello' || root === 'time' || root === 'uptime' || root === 'status') {
    return request.method === 'GET' ? { do: root } : reject(request.method);
  }
  throw unknownPath();
}

function parseCatalogue(method: Method): Operation {
  if (method === 'GET') return { do: 'catalogue' };
  return method === 'POST' ? { do: 'register' } : reject(method);
}

/** `/notification/request/<name>/<job>` and `/notification/response/<name>/<job>`. */
function parseFunction(method: Method, [side, name, job, ...rest]: string[]): Operation {
  if (name === undefined || job === undefined || rest.length > 0) throw unknownPath();
  identifier(name);
  identifier(job);
  if (side === 'request') return method === 'POST' ? { do: 'function', part: 'request' } : reject(method);
  if (side !== 'response') throw unknownPath();
  if (method === 'GET') return { do: 'function', part: 'take' };
  return method === 'POST' ? { do: 'function', part: 'answer' } : reject(method);
}

/** Keys that name a question about the id; such a key could be written but never read. */
const questions = ['keys', 'count'] as const;

function parseKeyValue({ method, format }: Request, [rawId, rawKey, ...rest]: string[]): Operation {
  if (rawId === undefined || rest.length > 0) throw unknownPath();
  const id = identifier(rawId);
  if (rawKey === undefined) return method === 'DELETE' ? { do: 'drop', format, id, key: null } : reject(method);
  const question = questions.find((name) => name === rawKey);
  if (question) {
    if (method === 'GET') return { do: question, format, id };
    throw new Failure('path.invalid', `${question} cannot be a key: it asks about the id`);
  }
  const key = identifier(rawKey);
  if (method === 'GET') return { do: 'value', format, id, key };
  return method === 'POST' ? { do: 'put', format, id, key } : { do: 'drop', format, id, key };
}

const unknownPath = (): Failure => new Failure('path.unknown', 'a store has no such path; docs/rest.md lists them all');
