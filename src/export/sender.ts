import { readFileSync } from 'node:fs';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { isIP } from 'node:net';
import { connect as connectTls, getCACertificates, type TLSSocket } from 'node:tls';
import type { Config } from '../base/config.ts';
import { Failure } from '../base/errors.ts';
import { deadline } from './deadline.ts';
import { createResolver } from './resolver.ts';
import type { Outcome } from './rules.ts';

/** Of an answer, this much is kept for the app. */
export const answerLimitBytes = 256 * 1024;
const connectTimeoutMs = 10_000;

/** Codes of a connection that was not made; what else fails before trust is the certificate or the protocol. */
const networkCodes = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED ETIMEDOUT EHOSTUNREACH ENETUNREACH ENETDOWN EPIPE EADDRNOTAVAIL EACCES EPERM EMFILE ENFILE ENOBUFS ENOMEM ABORT_ERR'.split(
    ' ',
  ),
);

export type Parcel = { destination: string; data: Buffer; key: string | null };
export type Send = (parcel: Parcel, signal: AbortSignal) => Promise<Outcome>;

/**
 * Posts JSON to https destinations with headers of our own only. It connects to an address that was checked, verifies
 * the certificate for the name before a byte of the request is written, follows no redirect, knows no proxy, asks for no
 * compression, and ends after `export.timeout-seconds`.
 * @throws Failure `config.invalid` when `export.ca-file` cannot be read
 */
export function createSender(config: Config): Send {
  const resolve = createResolver(config);
  const ca = authoritiesOf(config['export.ca-file']);
  return async (parcel, signal) => {
    const url = new URL(parcel.destination);
    using limit = deadline(config['export.timeout-seconds'] * 1_000, signal);
    const resolved = await resolve(url.hostname, limit.signal);
    if ('inward' in resolved) {
      return { kind: 'refused', reason: `${url.hostname} leads to an address inside`, address: resolved.inward };
    }
    if ('missing' in resolved) return { kind: 'unreached', reason: resolved.missing };
    let outcome: Outcome = { kind: 'unreached', reason: `${url.hostname} cannot be reached` };
    for (const address of resolved.addresses) {
      const connected = await connect({ url, address, ca, signal: limit.signal });
      if (!('kind' in connected)) return await post(connected, { ...parcel, url, address, signal: limit.signal });
      outcome = connected;
      if (outcome.kind === 'refused' || limit.signal.aborted) break;
    }
    return outcome;
  };
}

function authoritiesOf(file: string | undefined): string[] | undefined {
  if (file === undefined) return undefined;
  try {
    return [...getCACertificates('default'), readFileSync(file, 'utf8')];
  } catch (cause) {
    throw new Failure('config.invalid', `export.ca-file: ${file} cannot be read`, { file }, { cause });
  }
}

type Line = { url: URL; address: string; signal: AbortSignal };

/** A connection whose other end has proved to be the destination, or why there is none. Nothing was said on it yet. */
function connect({ url, address, ca, signal }: Line & { ca: string[] | undefined }): Promise<TLSSocket | Outcome> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const { promise, resolve } = Promise.withResolvers<TLSSocket | Outcome>();
  const socket = connectTls({
    host: address,
    port: Number(url.port || 443),
    // An address has no server name; its certificate is checked against `host` then.
    servername: isIP(host) ? '' : host,
    ca,
    minVersion: 'TLSv1.2',
    // Said aloud, because NODE_TLS_REJECT_UNAUTHORIZED changes the default.
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
  });
  const limit = deadline(connectTimeoutMs, signal);
  const give = (): void =>
    void socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }));
  limit.signal.addEventListener('abort', give, { once: true });
  if (limit.signal.aborted) give();
  const settle = (outcome: TLSSocket | Outcome): void => {
    limit.signal.removeEventListener('abort', give);
    limit[Symbol.dispose]();
    resolve(outcome);
  };
  socket.once('secureConnect', () => settle(socket));
  socket.on('error', (err: NodeJS.ErrnoException) => {
    const kind = networkCodes.has(err.code ?? '') ? 'unreached' : 'refused';
    settle({ kind, reason: `${url.hostname}: ${err.code ?? err.message}`, address });
  });
  return promise;
}

/** Says the request once. From here on the data may have arrived, whatever fails. */
function post(socket: TLSSocket, o: Line & Parcel): Promise<Outcome> {
  const { url, address, data, signal } = o;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let answering = false;
  const unknown = (reason: string): void => {
    if (!answering) resolve({ kind: 'unknown', reason: `${url.hostname}: ${reason}`, address });
  };
  const outgoing = request({ ...requestOf(o), createConnection: () => socket });
  const end = (): void => void socket.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  socket.once('close', () => {
    signal.removeEventListener('abort', end);
    unknown('the connection ended without an answer');
  });
  outgoing.on('error', (err) => unknown(err.message));
  outgoing.on('response', (answer) => {
    answering = true;
    void bodyOf(answer).then(({ body, truncated }) => {
      const phrase = (answer.statusMessage ?? '').replaceAll(/[^\x20-\x7e]/g, '').slice(0, 100);
      resolve({ kind: 'answered', status: `${answer.statusCode} ${phrase}`.trim(), body, truncated, address });
      socket.destroy();
    });
  });
  outgoing.end(data);
  return promise;
}

/** All that a destination is told. The app chooses the data and the idempotency key, and no other header. */
const requestOf = ({ url, data, key }: { url: URL; data: Buffer; key: string | null }): RequestOptions => ({
  method: 'POST',
  path: `${url.pathname}${url.search}`,
  setHost: false,
  maxHeaderSize: 16_384,
  headers: {
    host: url.host,
    'user-agent': 'databox',
    accept: '*/*',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'content-length': data.length,
    connection: 'close',
    ...(key !== null && { 'idempotency-key': key }),
  },
});

/** What came of an answer until its end, the limit, or the end of the connection. */
async function bodyOf(answer: IncomingMessage): Promise<{ body: string; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, answerLimitBytes - size));
      size += chunk.length;
      if (size > answerLimitBytes) break;
    }
  } catch {
    // Cut off: the status is known all the same, and that it is not whole is said.
  }
  const truncated = size > answerLimitBytes || !answer.complete;
  return { body: Buffer.concat(chunks).toString('utf8'), truncated };
}
