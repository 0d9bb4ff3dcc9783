/** The door of functions: requests are handed to whoever observes them, answers to whoever asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Failure } from '../base/errors.ts';
import { readBody } from '../base/http.ts';
import { passedOn } from './body.ts';
import { mediaTypeOf } from './content.ts';
import type { OpenStore } from './open-store.ts';
import type { Call } from './operations.ts';
import { formatOf, type Asked } from './request.ts';
import { tellPosted } from './telling.ts';

type Exchange = {
  store: OpenStore;
  req: IncomingMessage;
  res: ServerResponse;
  asked: Asked;
  limitBytes: number;
  component: string;
  /** Of a body, in whichever direction. */
  moved: { bytes: number };
  /** Must resolve before anybody is told of a call of so many bytes. */
  onRecord: (bytes: number) => Promise<void>;
};

/**
 * Answers the request and returns the status.
 * @throws Failure `function.unobserved`: nobody would hear of a call; `function.silent`, `function.taken`
 */
export async function serveFunction({ part }: Call, exchange: Exchange): Promise<number> {
  if (part === 'take') return take(exchange);
  const { store, req, res, asked, limitBytes, component, moved } = exchange;
  const { path } = asked;
  const format = formatOf(asked, req);
  const body = await readBody(req, limitBytes);
  if (part === 'request' && !store.observers.hears(path, format)) {
    throw new Failure('function.unobserved', 'nobody observes the requests of this function in this format');
  }
  await exchange.onRecord(body.length);
  if (part === 'answer') store.functions.give(path, { format, body });
  moved.bytes = body.length;
  await tellPosted(store, { path, format, component, json: () => passedOn(body, format) });
  res.writeHead(201, { 'content-length': 0 }).end();
  return 201;
}

async function take({ store, res, asked, moved }: Exchange): Promise<number> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const { format, body } = await store.functions.take(asked.path, asked.waitMs ?? 0, gone.signal);
  moved.bytes = body.length;
  res.writeHead(200, { 'content-type': mediaTypeOf(format), 'content-length': body.length }).end(body);
  return 200;
}
