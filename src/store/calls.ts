/** The door of functions: requests are handed to whoever observes them, answers to whoever asked. */
import { Failure } from '../base/errors.ts';
import { readBody } from '../base/http.ts';
import { passedOn } from './body.ts';
import { mediaTypeOf } from './content.ts';
import { onRecord, type Exchange } from './exchange.ts';
import type { Call } from './operations.ts';
import { formatOf } from './request.ts';
import { tellPosted } from './telling.ts';

/**
 * Answers the request and returns the status.
 * @throws Failure `function.unobserved`: nobody would hear of a call; `function.silent`, `function.taken`
 */
export async function serveFunction(exchange: Exchange, { part }: Call, component: string): Promise<number> {
  if (part === 'take') return take(exchange);
  const { door, store, req, res, asked, moved } = exchange;
  const { path } = asked;
  const format = formatOf(asked, req);
  const body = await readBody(req, door.limitBytes);
  if (part === 'request' && !store.observers.hears(path, format)) {
    throw new Failure('function.unobserved', 'nobody observes the requests of this function in this format');
  }
  await onRecord(exchange, component, body.length);
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
