import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { DataboxError, errorOf } from './errors.ts';
import type { Http, HttpAnswer, HttpRequest } from './http.ts';
import type { Place } from './place.ts';
import type { Route, Tokens } from './tokens.ts';

/** One request to a host of the box. */
export type Call = {
  host: string;
  method: Route['method'];
  /** As the box compares it: not percent-encoded. */
  path: string;
  /** Text after `?`. */
  query?: string;
  /** Paths that a token is asked for, widest first; the next is tried when the owner permitted only less. Default `path`. */
  scopes?: readonly string[];
  caveats?: Route['caveats'];
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
  signal?: AbortSignal | undefined;
  idleMs?: number;
};

export type Caller = {
  /** A 2xx answer, whole. @throws DataboxError otherwise */
  ask(call: Call): Promise<HttpAnswer>;
  /** A 2xx answer that is still coming. @throws DataboxError otherwise */
  open(call: Call): Promise<IncomingMessage>;
};

export type Parts = { place: Place; http: Http; tokens: Tokens };

/** Adds tokens to requests, and renews one once when the box answers 401. */
export function createCaller({ place, http, tokens }: Parts): Caller {
  const prepare = (call: Call, token: string): HttpRequest => ({
    ...call,
    url: `${place.baseOf(call.host)}${encodePath(call.path)}${call.query ? `?${call.query}` : ''}`,
    headers: { ...call.headers, 'x-api-key': token },
  });
  const withToken = async <T>(call: Call, send: (request: HttpRequest) => Promise<T>): Promise<T> => {
    const { route, token } = await permitted(tokens, call);
    try {
      return await send(prepare(call, token));
    } catch (err) {
      if (!(err instanceof DataboxError) || err.status !== 401) throw err;
      tokens.spoil(route, token);
      return send(prepare(call, await tokens.take(route)));
    }
  };
  return {
    ask: (call) =>
      withToken(call, async (request) => {
        const answer = await http.ask(request);
        if (!isGood(answer.status)) throw errorOf(answer.status, answer.body.toString());
        return answer;
      }),
    open: (call) =>
      withToken(call, async (request) => {
        const res = await http.open(request);
        if (isGood(res.statusCode ?? 0)) return res;
        throw errorOf(res.statusCode ?? 0, await textOf(res));
      }),
  };
}

const isGood = (status: number): boolean => status >= 200 && status < 300;

/** A wide token serves many requests; the arbiter refuses it where the owner permitted less. */
async function permitted(tokens: Tokens, call: Call): Promise<{ route: Route; token: string }> {
  const { host: target, method, path, scopes = [path], caveats = [] } = call;
  let refusal: unknown;
  for (const scope of scopes) {
    const route: Route = { target, method, path: scope, caveats };
    try {
      return { route, token: await tokens.take(route) };
    } catch (err) {
      if (!(err instanceof DataboxError) || err.status !== 403) throw err;
      refusal = err;
    }
  }
  throw refusal;
}

/** Percent-encodes each segment; `*` and `,` stay as they are, the box reads them. */
export const encodePath = (path: string): string =>
  path
    .split('/')
    .map((segment) => encodeURIComponent(segment).replaceAll('%2C', ','))
    .join('/');

async function textOf(res: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of res as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > 100_000) break;
  }
  return text;
}
