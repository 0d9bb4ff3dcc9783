import { type ClientRequest, type IncomingMessage, type RequestOptions, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../base/errors.ts';
import { sendProblem } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';
import type { UiTarget } from '../face.ts';
import { forBrowser, forComponent, type HeaderList, type Mount } from './headers.ts';
import { locationFor } from './location.ts';

/** A request of a logged-in owner for a component's page. */
export type Passage = {
  req: IncomingMessage;
  mount: Mount;
  target: UiTarget;
  /** Path and query for the component, such as `/ui/stats?n=1`. */
  path: string;
  isBox: (url: URL) => boolean;
  /** Fires when the owner's session ends: what is open closes. */
  ended: AbortSignal;
  log: Log;
};

/** TCP and TLS together; a page that takes its time to answer is not cut. */
const connectTimeoutMs = 10_000;

/** Passes a request on and streams the answer back. Every failure is answered or ends the connection. */
export async function passOn(passage: Passage, res: ServerResponse): Promise<void> {
  const { req } = passage;
  const upstream = open(passage, bodyHeaders(req));
  res.once('close', () => upstream.destroy());
  req.once('error', () => upstream.destroy());
  // Not a pipeline: it would end the browser's connection with the component's, and leave no way to say so.
  req.pipe(upstream);
  try {
    const answer = await responseOf(upstream, passage);
    res.writeHead(answer.statusCode ?? 502, answerHeaders(answer, passage));
    // A stream of events must reach the browser before its first event does.
    res.flushHeaders();
    await pipeline(answer, res);
  } catch (err) {
    passage.log.debug({ err, component: passage.mount.component }, 'page not passed on');
    upstream.destroy();
    req.unpipe(upstream);
    // Once headers are out, the only honest end of a broken answer is a broken connection.
    sendProblem(res, err instanceof Failure ? err : unreachable(passage, err));
  }
}

/** Passes a WebSocket on: the handshake with its query string, then bytes both ways until either side ends. */
export async function passOnUpgrade(passage: Passage, socket: Duplex, head: Buffer): Promise<void> {
  const upstream = open(passage, { connection: ['Upgrade'], upgrade: ['websocket'] });
  socket.once('close', () => upstream.destroy());
  upstream.end();
  let opened = false;
  const { promise, resolve, reject } = Promise.withResolvers<[IncomingMessage, Duplex, Buffer]>();
  upstream.once('upgrade', (...all) => resolve(all));
  try {
    responseOf(upstream, passage).then((answer) => {
      answer.destroy();
      reject(new Failure('component.unreachable', `${passage.mount.component} refused the WebSocket`));
    }, reject);
    const [answer, far, farHead] = await promise;
    opened = true;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines(answerHeaders(answer, passage))}\r\n`);
    far.unshift(farHead);
    socket.unshift(head);
    await joined(socket, far, passage.ended);
  } catch (err) {
    upstream.destroy();
    if (socket.writable && !opened) refuseUpgrade(passage.req, socket, err);
    else socket.destroy();
  }
}

/** Bytes both ways until either side, or the session, ends. */
function joined(near: Duplex, far: Duplex, ended: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    near.destroy();
    far.destroy();
    resolve();
  };
  for (const side of [near, far]) side.once('close', end).once('error', end);
  ended.addEventListener('abort', end);
  near.pipe(far).pipe(near);
  return promise.finally(() => ended.removeEventListener('abort', end));
}

/** Answers an upgrade with a problem instead, and ends the connection. */
export function refuseUpgrade(req: IncomingMessage, socket: Duplex, err: unknown): void {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
  res.once('finish', () => socket.end());
  sendProblem(res, err);
}

/** A connection of its own for each request: nothing that one sends can be read as the beginning of the next. */
function open(passage: Passage, more: HeaderList): ClientRequest {
  const { req, mount, target, path, ended } = passage;
  const options: RequestOptions & { servername: string; ca: string } = {
    host: target.address,
    port: target.port,
    localAddress: target.localAddress,
    ca: target.ca,
    servername: target.servername,
    agent: false,
    method: req.method ?? 'GET',
    path,
    headers: { ...forComponent(req.rawHeaders, mount), host: `${target.servername}:${target.port}`, ...more },
  };
  const upstream = httpsRequest({ ...options, signal: ended });
  const timer = setTimeout(() => upstream.destroy(new Error('no connection in time')), connectTimeoutMs);
  upstream.once('socket', (socket) => {
    socket.setKeepAlive(true, 30_000);
    socket.once('secureConnect', () => clearTimeout(timer));
  });
  upstream.once('close', () => clearTimeout(timer));
  return upstream;
}

function responseOf(upstream: ClientRequest, passage: Passage): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  upstream.once('response', resolve);
  upstream.on('error', (err) => reject(unreachable(passage, err)));
  return promise;
}

const unreachable = ({ mount }: Passage, cause: unknown): Failure =>
  new Failure('component.unreachable', `the page of ${mount.component} does not answer`, {}, { cause });

/** A body without a length is sent in chunks, also by methods that seldom have one: never unframed. */
const bodyHeaders = (req: IncomingMessage): HeaderList =>
  req.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': ['chunked'] };

function answerHeaders(answer: IncomingMessage, { mount, path, isBox }: Passage): HeaderList {
  const headers = forBrowser(answer.rawHeaders, mount);
  const { location, connection, upgrade } = answer.headers;
  if (location !== undefined) {
    headers['location'] = [locationFor(location, { component: mount.component, path, isBox })];
  }
  if (answer.statusCode === 101) Object.assign(headers, { connection: [connection], upgrade: [upgrade] });
  return headers;
}

const lines = (headers: HeaderList): string =>
  Object.entries(headers)
    .flatMap(([name, values]) => values.map((value) => `${name}: ${value}\r\n`))
    .join('');
