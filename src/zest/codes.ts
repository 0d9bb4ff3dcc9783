/**
 * codes — the response codes of Zest, and which stands for which outcome. Pure. docs/zest.md has the table for authors.
 * 143 (unsupported format) is never sent: the original answers 128.
 */
import { Failure, failures, type FailureCode } from '../base/errors.ts';
import type { Method } from '../base/names.ts';

export const codes = {
  created: 65,
  deleted: 66,
  content: 69,
  badRequest: 128,
  unauthorised: 129,
  notAcceptable: 134,
  tooLarge: 141,
  internal: 160,
  unavailable: 163,
} as const;
export type Code = (typeof codes)[keyof typeof codes];

/** Where the kind of failure says more than its HTTP status. */
const ofFailure: Partial<Record<FailureCode, Code>> = {
  'component.unknown': codes.unauthorised,
  'permission.exists': codes.notAcceptable,
  'store.unknown': codes.unavailable,
};
const ofStatus: Readonly<Record<number, Code>> = {
  ...{ 200: codes.content, 201: codes.created, 204: codes.deleted, 304: codes.content },
  ...{ 401: codes.unauthorised, 403: codes.unauthorised, 413: codes.tooLarge },
  ...{ 409: codes.unavailable, 429: codes.unavailable, 503: codes.unavailable, 507: codes.unavailable },
};
const codeOfStatus = (status: number): Code => ofStatus[status] ?? (status >= 500 ? codes.internal : codes.badRequest);

/** What was asked, as far as the code depends on it. */
export type About = { method: Method; path: string; observe?: unknown };

/** @param asked  undefined when that could not be read */
export function codeOf(err: unknown, asked: About | undefined): Code {
  if (!(err instanceof Failure)) return codes.internal;
  if (err.code === 'method.refused' && asked && isUndeletable(asked)) return codes.notAcceptable;
  return ofFailure[err.code] ?? codeOfStatus(failures[err.code].http);
}

/** The code of a request whose outcome is known as an HTTP status, and how its method is called then. */
export function outcomeOf(asked: About & { status: number }): { method: string; code: Code } {
  const { method, status } = asked;
  if (asked.observe !== undefined) return { method: 'GET(OBSERVE)', code: codeOfStatus(status) };
  if (isNotify(asked)) {
    return { method: 'GET(NOTIFICATION)', code: status === 200 ? codes.created : codeOfStatus(status) };
  }
  return { method, code: status === 405 && isUndeletable(asked) ? codes.notAcceptable : codeOfStatus(status) };
}

/** A GET of a function's answer, which is pushed when it is there. */
export const isNotify = ({ method, path, observe }: About): boolean =>
  method === 'GET' && observe === undefined && path.startsWith('/notification/response/');

const questions = new Set(['sum', 'count', 'min', 'max', 'mean', 'median', 'sd', 'length']);

/** Reads of a series that answer, but name nothing that could be deleted. */
function isUndeletable({ method, path }: About): boolean {
  const [root, first, ...rest] = path.slice(1).split('/');
  if (method !== 'DELETE' || root !== 'ts') return false;
  const [selection, ...more] = first === 'blob' ? rest.slice(1) : rest;
  return selection === 'first' || selection === 'last' || questions.has(more.at(-1) ?? selection ?? '');
}
