import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { DataboxError } from './errors.ts';

export type HttpRequest = {
  method: string;
  url: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer | undefined;
  signal?: AbortSignal | undefined;
  /** Longest silence before the answer, and within it. Default 30,000. */
  idleMs?: number;
};
export type HttpAnswer = { status: number; headers: IncomingMessage['headers']; body: Buffer };

/** Disposed, it closes its connections, and whatever is asked then fails with DataboxError `closed`. */
export type Http = Disposable & {
  /** @throws DataboxError `closed` once it is disposed */
  check(): void;
  /** A whole answer. @throws DataboxError `unreachable`; `answer.too-large`, and asking again would not help */
  ask(request: HttpRequest): Promise<HttpAnswer>;
  /** An answer that is still coming; whoever asked reads or destroys it. @throws DataboxError `unreachable` */
  open(request: HttpRequest): Promise<IncomingMessage>;
};

/** An answer longer than this was not meant to be read whole. */
const mostBytes = 256 * 1024 * 1024;

/** Connections to the box are kept and reused. `ca`: the only authority that is trusted then. */
export function createHttp(ca: string | undefined, { answerLimitBytes = mostBytes } = {}): Http {
  const agents = {
    plain: new HttpAgent({ keepAlive: true }),
    secure: new HttpsAgent({ keepAlive: true, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) }),
  };
  let closed = false;
  const check = (): void => {
    if (closed) throw new DataboxError('closed', 'this client was closed');
  };
  const open = async (request: HttpRequest): Promise<IncomingMessage> => {
    check();
    try {
      return await send(request, agents);
    } catch (err) {
      if (!(err instanceof Stale) || request.method !== 'GET') throw unreachable(request.url, err);
    }
    return send(request, agents).catch((err: unknown) => {
      throw unreachable(request.url, err);
    });
  };
  return {
    check,
    open,
    async ask(request) {
      const res = await open(request);
      try {
        return { status: res.statusCode ?? 0, headers: res.headers, body: await wholeOf(res, answerLimitBytes) };
      } catch (cause) {
        throw cause instanceof DataboxError ? cause : unreachable(request.url, cause);
      }
    },
    [Symbol.dispose]() {
      closed = true;
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
}

/** The box closed a kept connection while the request was on its way: a read may simply be asked again. */
class Stale extends Error {}

type Agents = { plain: HttpAgent; secure: HttpsAgent };
function send(request: HttpRequest, { plain, secure }: Agents): Promise<IncomingMessage> {
  const { method, url, headers = {}, body, signal, idleMs = 30_000 } = request;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const options = { method, headers: { ...headers, ...length }, timeout: idleMs, ...(signal && { signal }) };
  const req = url.startsWith('https:')
    ? httpsRequest(url, { ...options, agent: secure })
    : httpRequest(url, { ...options, agent: plain });
  return new Promise((resolve, reject) => {
    req.once('timeout', () => req.destroy(new Error(`silent for ${idleMs} ms`)));
    req.once('response', resolve).on('error', (err: NodeJS.ErrnoException) => {
      reject(req.reusedSocket && err.code === 'ECONNRESET' ? new Stale(err.message, { cause: err }) : err);
    });
    req.end(body);
  });
}

async function wholeOf(res: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of res as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw new DataboxError('answer.too-large', `the answer has more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const unreachable = (url: string, cause: unknown): DataboxError =>
  new DataboxError('unreachable', `${new URL(url).host} does not answer: ${(cause as Error).message}`, { cause });
