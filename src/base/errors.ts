/**
 * Every failure that an owner, an app or a script can meet: its HTTP status (RFC 9457) and its exit code (sysexits.h).
 * docs/errors.md is printed from this table.
 */
export const failures = {
  internal: { http: 500, exit: 70, doc: 'A defect of Databox; the log has the details.' },
  usage: { http: 400, exit: 64, doc: 'The command line was not understood.' },
  'config.invalid': { http: 500, exit: 78, doc: 'A setting is unknown, empty or out of range.' },
  'request.invalid': { http: 400, exit: 65, doc: 'What was sent is not HTTP/1.1, or names no host.' },
  'frame.invalid': { http: 400, exit: 65, doc: 'What was sent over Zest is no message of that protocol.' },
  'request.timeout': { http: 408, exit: 75, doc: 'The request did not come in time.' },
  'request.too-large': { http: 431, exit: 65, doc: 'The headers of the request are longer than 16 KiB.' },
  'expectation.refused': { http: 417, exit: 65, doc: 'The Expect header asks for something other than 100-continue.' },
  'body.invalid': { http: 400, exit: 65, doc: 'The request body does not have the documented shape.' },
  'body.too-large': { http: 413, exit: 65, doc: 'The request body is larger than the limit.' },
  'path.unknown': { http: 404, exit: 64, doc: 'There is no such path.' },
  'path.invalid': { http: 400, exit: 64, doc: 'The path is not in canonical form, or an id in it is not allowed.' },
  'method.refused': { http: 405, exit: 64, doc: 'The path exists, but not with this method.' },
  'content.unsupported': { http: 415, exit: 65, doc: 'The content type is not one this path takes.' },
  'token.missing': { http: 401, exit: 77, doc: 'No token in X-Api-Key or Authorization: Bearer.' },
  'token.invalid': { http: 401, exit: 77, doc: 'The token is expired, forged, revoked, or used from another address.' },
  'token.forbidden': { http: 403, exit: 77, doc: 'The token is valid but does not allow this target, path or method.' },
  'key.invalid': { http: 401, exit: 77, doc: 'The component key is wrong or used from another component’s address.' },
  'permission.refused': { http: 403, exit: 77, doc: 'No grant of this component covers the request.' },
  'permission.exists': { http: 409, exit: 73, doc: 'A grant of this component covers the route already.' },
  'component.unknown': { http: 404, exit: 66, doc: 'No such component is registered.' },
  'component.exists': { http: 409, exit: 73, doc: 'A component of this name is installed already.' },
  'component.busy': { http: 409, exit: 75, doc: 'Another install, restart or uninstall of this component is running.' },
  'component.unreachable': { http: 502, exit: 69, doc: 'The component’s web page does not answer.' },
  'datasource.unknown': { http: 404, exit: 66, doc: 'No such datasource.' },
  'datasource.invalid': { http: 400, exit: 65, doc: 'A datasource description or choice is not valid.' },
  'value.invalid': { http: 400, exit: 65, doc: 'A value, timestamp, tag or count is not of the documented form.' },
  'precondition.invalid': {
    http: 400,
    exit: 65,
    doc: 'If-Match or If-None-Match is malformed, or the path takes no such precondition.',
  },
  'cursor.invalid': {
    http: 400,
    exit: 65,
    doc: 'The cursor is not one of this path and reader, or the store was opened anew; begin without one.',
  },
  'precondition.failed': {
    http: 412,
    exit: 75,
    doc: 'The value is not, or no longer, what the request was meant for; nothing was changed.',
  },
  'function.unobserved': {
    http: 503,
    exit: 69,
    doc: 'Nobody observes the requests of this function in this format; whoever provides it is not there.',
  },
  'function.silent': { http: 404, exit: 75, doc: 'The function has not answered yet; ask again, with a longer wait.' },
  'function.taken': { http: 409, exit: 75, doc: 'Somebody waits for this answer already.' },
  'catalogue.invalid': { http: 400, exit: 65, doc: 'The hypercat item lacks a required member.' },
  'store.unknown': { http: 404, exit: 66, doc: 'No such store.' },
  'store.unavailable': { http: 503, exit: 75, doc: 'The store cannot be written or read now; the title says why.' },
  'store.kept': {
    http: 409,
    exit: 73,
    doc: 'A component of this name, but of another origin, left data in its store.',
  },
  'store.full': { http: 507, exit: 74, doc: 'The disk or the quota of the store is full.' },
  'database.newer': { http: 500, exit: 78, doc: 'A file was written by a newer Databox; install that version again.' },
  'database.full': {
    http: 507,
    exit: 74,
    doc: 'There is no room for the copy of a file that an update keeps before it changes it.',
  },
  'database.unavailable': {
    http: 503,
    exit: 75,
    doc: 'A database of the box cannot be written or read now; the title says which, and why.',
  },
  'database.damaged': {
    http: 500,
    exit: 74,
    doc: 'A file holds what Databox did not write; restore it from a backup.',
  },
  'ledger.unavailable': {
    http: 503,
    exit: 75,
    doc: 'The access ledger cannot be written or read now; what has to be on record before it happens does not happen.',
  },
  'ledger.broken': {
    http: 500,
    exit: 65,
    doc: 'An entry of the access ledger is missing or not as it was written; the title names the first.',
  },
  'backup.invalid': {
    http: 422,
    exit: 65,
    doc: 'The file is no whole and unaltered backup of a store; the title says what is wrong with it.',
  },
  'backup.foreign': {
    http: 409,
    exit: 65,
    doc: 'The backup is of another store, or of a component of another kind or origin than the one that is installed.',
  },
  'file.unreadable': { http: 400, exit: 66, doc: 'A file that was named is not there, or is no regular file.' },
  'file.unwritable': { http: 400, exit: 73, doc: 'A file that was to be made is there already, or cannot be made.' },
  'manifest.invalid': { http: 400, exit: 65, doc: 'The manifest does not pass validation; each fault is listed.' },
  'manifest.exists': {
    http: 409,
    exit: 73,
    doc: 'A repository has a manifest of this name.',
  },
  'manifest.unknown': { http: 404, exit: 66, doc: 'No repository has a manifest of this name.' },
  'manifest.differs': { http: 409, exit: 65, doc: 'The manifest differs from the one its repository has.' },
  'repository.invalid': { http: 400, exit: 65, doc: 'The repository’s address or content is not allowed.' },
  'repository.unknown': { http: 404, exit: 66, doc: 'No such repository was added.' },
  'repository.unreachable': { http: 502, exit: 69, doc: 'The repository cannot be fetched.' },
  'image.missing': { http: 422, exit: 69, doc: 'The image is not here and cannot be pulled.' },
  'image.invalid': { http: 422, exit: 65, doc: 'The image is for another architecture or is not the one reviewed.' },
  'export.refused': { http: 403, exit: 77, doc: 'The destination is not one the owner agreed to, or leads inward.' },
  'export.unknown': { http: 404, exit: 66, doc: 'No such export request of this component.' },
  'export.conflict': {
    http: 409,
    exit: 65,
    doc: 'The idempotency key was used for another destination or other data.',
  },
  'export.full': { http: 429, exit: 75, doc: 'Too many exports are waiting; try again later.' },
  'session.required': { http: 401, exit: 77, doc: 'Log in first.' },
  'session.refused': { http: 401, exit: 77, doc: 'The password is wrong.' },
  'origin.refused': { http: 403, exit: 77, doc: 'A page of another origin may not do this.' },
  'host.refused': { http: 421, exit: 77, doc: 'The Host header is not a name or address of this box.' },
  'rate.exceeded': { http: 429, exit: 75, doc: 'Too many requests; Retry-After says when to try again.' },
  'network.overlap': { http: 500, exit: 78, doc: 'No address pool is free; the title names the overlap.' },
  'network.refused': { http: 500, exit: 71, doc: 'The kernel or Docker refused a rule, network or address.' },
  'network.exhausted': { http: 507, exit: 71, doc: 'The address pool or a component’s subnet has no free address.' },
  'docker.unavailable': { http: 503, exit: 69, doc: 'The Docker engine does not answer.' },
  'docker.failed': { http: 502, exit: 70, doc: 'A docker command failed; the title has its message.' },
  'command.failed': { http: 500, exit: 71, doc: 'A system command failed; the title has its message.' },
  'wipe.unfinished': {
    http: 500,
    exit: 78,
    doc: 'A wipe was interrupted, and a part of the box is gone; `databox wipe` finishes it.',
  },
  'databox.running': { http: 409, exit: 75, doc: 'Another Databox runs on this state directory or socket.' },
  'databox.stopped': { http: 503, exit: 69, doc: 'Databox is not running, or is shutting down.' },
  'user.refused': { http: 403, exit: 77, doc: 'This needs root.' },
  'service.unavailable': { http: 501, exit: 69, doc: 'systemd does not run this machine.' },
  'service.exists': { http: 409, exit: 73, doc: 'The unit belongs to a package, or to somebody else.' },
  'service.program': {
    http: 409,
    exit: 65,
    doc: 'The program is no single binary, or lies where no service may use it.',
  },
  'service.failed': {
    http: 500,
    exit: 69,
    doc: 'systemd cannot start or stop Databox; a box that ended by itself hands on its own exit code.',
  },
} as const satisfies Record<string, { http: number; exit: number; doc: string }>;

export type FailureCode = keyof typeof failures;

/** The one error class. `message` is a sentence for the caller and says what to do; `details` are facts for a program. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly details: Record<string, unknown>;

  // Four parameters: the call sites read as code, sentence, facts, cause.
  // eslint-disable-next-line max-params
  constructor(code: FailureCode, message: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.code = code;
    this.details = details;
  }
}

export type Problem = { type: string; status: number; code: FailureCode; title: string; [fact: string]: unknown };

/** The RFC 9457 body of an error. A stranger learns no stack and no path: what is not a Failure is `internal`. */
export function problem(err: unknown): Problem {
  const code = err instanceof Failure ? err.code : 'internal';
  const title = err instanceof Failure ? err.message : 'internal error';
  const details = err instanceof Failure ? err.details : {};
  const known = { type: `urn:databox:problem:${code}`, status: failures[code].http, code, title };
  // Known members first, for people who read it; and last, so that no detail replaces one.
  return { ...known, ...details, ...known };
}

/** sysexits.h code for systemd and the command line; 70 (software) for a defect. */
export function exitCode(err: unknown): number {
  if (!(err instanceof Failure)) return 70;
  const ended = err.code === 'service.failed' ? Number(err.details['exitCode']) : 0;
  return ended >= 64 && ended <= 78 ? ended : failures[err.code].exit;
}

/** Rebuilds the Failure that `problem` projected, on the other side of a socket or a thread. */
export function failureFrom(body: unknown, fallback: string): Failure {
  const { code, title, ...rest } = (body ?? {}) as Partial<Problem>;
  const details = Object.fromEntries(Object.entries(rest).filter(([fact]) => fact !== 'type' && fact !== 'status'));
  const known = typeof code === 'string' && Object.hasOwn(failures, code) ? code : 'internal';
  return new Failure(known, typeof title === 'string' ? title : fallback, details);
}
