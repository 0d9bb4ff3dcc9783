import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import { Failure } from '../base/errors.ts';
import type { Limits } from './limits.ts';

export type TransportOptions = {
  /** The repository; only this origin is ever asked. */
  url: string;
  limits: Limits;
  signal: AbortSignal;
  /** PEM of an authority trusted besides the usual ones. */
  ca?: string | undefined;
  /** Looks at a whole answer before git does; throws to refuse it. */
  inspect: (path: string, body: Buffer) => void;
};

/**
 * The only way out of the app store: https to one origin, no redirects, no credentials, no proxy, bytes and time capped.
 * Its requests fail with Failure `repository.unreachable`, or `repository.invalid` beyond a cap.
 */
export function createTransport(options: TransportOptions): HttpClient {
  const { origin } = new URL(options.url);
  const agent = new Agent({
    keepAlive: false,
    minVersion: 'TLSv1.2',
    ...(options.ca !== undefined && { ca: [...rootCertificates, options.ca] }),
  });
  const budget = { left: options.limits.receivedBytes };
  return {
    async request({ url, method = 'GET', headers = {}, body }: GitHttpRequest): Promise<GitHttpResponse> {
      if (new URL(url).origin !== origin) throw unreachable(options, 'leads to another host');
      const sent: Uint8Array[] = [];
      for await (const part of body ?? []) sent.push(part);
      const res = await ask({ options, agent, url, method, headers, sent: Buffer.concat(sent) });
      const received = await receive(res, options, budget);
      options.inspect(new URL(url).pathname, received);
      return {
        ...{ url, method, headers: flat(res.headers) },
        statusCode: res.statusCode ?? 0,
        statusMessage: res.statusMessage ?? '',
        body: Readable.from([received]) as AsyncIterable<Uint8Array> as AsyncIterableIterator<Uint8Array>,
      };
    },
  };
}

const unreachable = ({ url }: { url: string }, why: string, cause?: unknown) =>
  new Failure('repository.unreachable', `the repository ${why}`, { url }, { cause });

type Question = {
  options: TransportOptions;
  agent: Agent;
  url: string;
  method: string;
  headers: Record<string, string>;
  sent: Buffer;
};

async function ask({ options, agent, url, method, headers, sent }: Question): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const req = request(url, {
    method,
    agent,
    signal: options.signal,
    timeout: options.limits.idleMs,
    maxHeaderSize: 16_384,
    headers: { ...headers, 'accept-encoding': 'identity', ...(sent.length > 0 && { 'content-length': sent.length }) },
  });
  req.once('timeout', () => req.destroy(new Error('no byte came in time')));
  req.once('response', resolve).once('error', reject);
  req.end(sent);
  const res = await promise.catch((err: unknown) => {
    throw unreachable(options, `cannot be reached: ${(err as Error).message}`, err);
  });
  const status = res.statusCode ?? 0;
  if (status === 200) return res;
  res.destroy();
  if (status >= 300 && status < 400) throw unreachable(options, 'has moved, and redirects are not followed');
  if (status === 401 || status === 403) throw unreachable(options, 'asks for a password');
  throw unreachable(options, `answers with status ${status}`);
}

async function receive(res: IncomingMessage, options: TransportOptions, budget: { left: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of res as AsyncIterable<Buffer>) {
      budget.left -= chunk.length;
      if (budget.left < 0) {
        const { receivedBytes } = options.limits;
        const { url } = options;
        throw new Failure('repository.invalid', `the repository sends more than ${receivedBytes} bytes`, { url });
      }
      chunks.push(chunk);
    }
  } catch (err) {
    if (err instanceof Failure) throw err;
    throw unreachable(options, `stopped answering: ${(err as Error).message}`, err);
  }
  return Buffer.concat(chunks);
}

const flat = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
