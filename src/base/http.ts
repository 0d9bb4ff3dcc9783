import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { z } from 'zod';
import { Failure, problem } from './errors.ts';
import { peerIp, type Ip } from './ipv4.ts';
import type { Log } from './log.ts';

/** The address a request came from. Forwarding headers are never read: any client can write them. */
export const callerOf = (req: IncomingMessage): Ip => peerIp(req.socket.remoteAddress);

/** The token of `X-Api-Key` or `Authorization: Bearer`, `''` when absent. */
export function tokenOf(req: IncomingMessage): string {
  const key = req.headers['x-api-key'];
  if (typeof key === 'string') return key.trim();
  return /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
}

/** Taken at once for a body that says how long it is; what it says may be a lie. */
const trustedBytes = 256 * 1024;
const none: Buffer = Buffer.alloc(0);

/**
 * Reads a whole body.
 * @throws Failure `body.too-large` as soon as it passes `limitBytes`
 */
export function readBody(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const announced = Number(req.headers['content-length'] ?? 0);
  let room = none;
  let size = 0;
  const take = (chunk: Buffer): void => {
    const total = size + chunk.length;
    if (total > limitBytes) return refuse();
    // Of many chunks no list is kept: an object for each, one byte long maybe, is hundreds of times the body.
    if (total > room.length) {
      const atOnce = Math.max(total, 2 * room.length, Math.min(announced, trustedBytes));
      room = grown(room, Math.min(limitBytes, atOnce));
    }
    chunk.copy(room, size);
    size = total;
  };
  const leave = (): void => void req.off('data', take).off('end', end).off('error', fail).off('close', hungUp);
  const end = (): void => {
    leave();
    resolve(size === room.length ? room : Buffer.from(room.subarray(0, size)));
  };
  const fail = (err: Error): void => {
    leave();
    reject(err);
  };
  const hungUp = (): void => fail(new Error('the sender hung up'));
  const refuse = (): void => {
    req.pause();
    fail(new Failure('body.too-large', `the body may have at most ${limitBytes} bytes`, { limitBytes }));
  };
  if (announced > limitBytes) refuse();
  else if (req.destroyed) hungUp();
  else req.on('data', take).on('end', end).on('error', fail).on('close', hungUp);
  return promise;
}

function grown(room: Buffer, bytes: number): Buffer {
  const larger = Buffer.allocUnsafe(bytes);
  room.copy(larger);
  return larger;
}

/**
 * Parses JSON text of an untrusted sender.
 * @throws Failure `body.invalid` when it is no JSON or nests deeper than 64
 */
export function parseJson(text: string): unknown {
  if (depthOf(text) > 64) throw new Failure('body.invalid', 'JSON may nest at most 64 deep');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('body.invalid', 'the body is not JSON', {}, { cause });
  }
}

/** Bracket depth of JSON text, strings skipped: found before parsing, so that depth cannot exhaust the stack. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') {
      while (++at < text.length && text[at] !== '"') if (text[at] === '\\') at++;
    } else if (letter === '[' || letter === '{') deepest = Math.max(deepest, ++depth);
    else if (letter === ']' || letter === '}') depth--;
  }
  return deepest;
}

/** @throws Failure `body.invalid` that lists every fault by its path */
export function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Failure('body.invalid', faults.join('; '), { faults });
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

/** The only writer of error statuses. */
export function sendProblem(res: ServerResponse, err: unknown): void {
  if (res.headersSent) return void res.destroy();
  const body = problem(err);
  const text = JSON.stringify(body);
  res.writeHead(body.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(text),
    // What is left of a refused body is not read: the connection cannot be used again.
    ...(body.status === 413 && { connection: 'close' }),
    ...(body.status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(body.status === 429 && {
      'retry-after': String((body as { retryAfterSeconds?: number }).retryAfterSeconds ?? 1),
    }),
  });
  res.end(text);
}

/** Express' last middleware: a Failure becomes its problem body; a defect is logged and becomes `internal`. */
export const problems =
  (log: Log) =>
  // Express knows an error handler by its four parameters.
  // eslint-disable-next-line max-params
  (err: unknown, req: Request, res: Response, _next: NextFunction): void => {
    const known = bodyParserFailure(err) ?? err;
    // The caller hung up half-way: nobody to tell, nothing wrong.
    if (req.destroyed && !req.complete && !(known instanceof Failure)) return void res.destroy();
    if (!(known instanceof Failure)) log.error({ err, method: req.method, path: req.path }, 'request failed');
    sendProblem(res, known);
  };

function bodyParserFailure(err: unknown): Failure | undefined {
  const type = (err as { type?: unknown })?.type;
  if (type === 'entity.too.large') return new Failure('body.too-large', 'the body is too large');
  if (type === 'entity.parse.failed') return new Failure('body.invalid', 'the body is not JSON');
  if (err instanceof URIError) return new Failure('path.invalid', 'the path is not valid percent-encoded UTF-8');
  return undefined;
}
