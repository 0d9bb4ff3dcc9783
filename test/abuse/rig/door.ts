import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import type { House, Room } from './house.ts';
import type { Into } from './probes.ts';
import { startProgram } from './process.ts';

/** Opens a TCP connection from inside a room. Rejects when the other side cannot be reached. */
export type Door = AsyncDisposable & { connect(host: string, port: number): Promise<Duplex> };

export type HttpAsk = {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  timeoutMs?: number;
};
export type HttpAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer; text: string };

/** Starts the relay of a room; `upstream` makes it the machine's resolver on loopback too. */
export const openDoor = (house: House, room: Room, upstream?: string): Promise<Door> =>
  openDoorInto(join(house.dir, `door-${room}.sock`), (argv) => house.inRoom(room, argv), upstream);

/** The same for any network. @param path  of the relay's socket @param into  the argv that runs another one there */
export async function openDoorInto(path: string, into: Into, upstream?: string): Promise<Door> {
  const relay = fileURLToPath(new URL('relay.ts', import.meta.url));
  const program = startProgram(into([process.execPath, relay, path, ...(upstream ? [upstream] : [])]));
  await program.line((line) => line === 'ready');
  return {
    connect(host, port) {
      const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
      requestHttp({ socketPath: path, method: 'CONNECT', path: `${host}:${port}`, timeout: 10_000 })
        .on('connect', (_res, socket) => resolve(socket))
        .on('timeout', function (this: { destroy(err: Error): void }) {
          this.destroy(new Error(`no answer from ${host}:${port}`));
        })
        .on('error', reject)
        .end();
      return promise;
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** One HTTPS request over an open connection, certificate unchecked unless `ca` is given. */
export async function askHttps(socket: Duplex, ask: HttpAsk & { host: string; ca?: string }): Promise<HttpAnswer> {
  const { host, ca } = ask;
  const servername = isIP(host) ? '' : host;
  const options = { socket, servername, rejectUnauthorized: ca !== undefined, ...(ca && { ca }) };
  return askOver(ask, host, (request) => requestHttps({ ...request, createConnection: () => connectTls(options) }));
}

/** One plain HTTP request to a Unix socket. */
export const askSocket = (socketPath: string, ask: HttpAsk): Promise<HttpAnswer> =>
  askOver(ask, 'localhost', (request) => requestHttp({ ...request, socketPath, agent: false }));

type Options = { method: string; path: string; headers: Record<string, string>; timeout: number };

async function askOver(
  { method = 'GET', path, headers = {}, body, timeoutMs = 30_000 }: HttpAsk,
  host: string,
  open: (options: Options) => ReturnType<typeof requestHttp>,
): Promise<HttpAnswer> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const request = open({ method, path, headers: { host, ...length, ...headers }, timeout: timeoutMs });
  request.on('error', reject).on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
  request.on('response', (res) => {
    buffer(res).then((whole) => {
      resolve({ status: res.statusCode ?? 0, headers: res.headers, body: whole, text: whole.toString('utf8') });
    }, reject);
  });
  request.end(body);
  return promise;
}
