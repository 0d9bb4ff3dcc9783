/** The door of functions: requests are handed to whoever observes them, answers to whoever asked. */
import { Failure } from '../base/errors.ts';
import { passedOn } from './body.ts';
import { mediaTypeOf } from './content.ts';
import { onRecord, type Exchange } from './exchange.ts';
import type { HttpExchange } from './http.ts';
import type { Format } from './operations.ts';
import { tellPosted } from './telling.ts';

type About = { format: Format; component: string };

/**
 * Hands a request to whoever observes it, or an answer to whoever asked. Returns the status.
 * @throws Failure `function.unobserved`: nobody would hear of a request
 */
export async function call<E extends Exchange<E>>(
  exchange: E,
  part: 'request' | 'answer',
  { format, component }: About,
): Promise<number> {
  const { wire, store, asked, moved } = exchange;
  const { path } = asked;
  const body = await wire.body(exchange);
  if (part === 'request' && !store.observers.hears(path, format)) {
    throw new Failure('function.unobserved', 'nobody observes the requests of this function in this format');
  }
  await onRecord(exchange, component, body.length);
  if (part === 'answer') store.functions.give(path, { format, body });
  moved.bytes = body.length;
  const json = (): string => passedOn(body, format);
  await tellPosted(store, { path, format, component, json, posted: body });
  return wire.written(exchange, null);
}

/** The answer, when it is there, or within the time that was given. @throws Failure `function.silent`, `function.taken` */
export async function take({ store, res, asked, moved }: HttpExchange): Promise<number> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const { format, body } = await store.functions.take(asked.path, asked.waitMs ?? 0, gone.signal);
  moved.bytes = body.length;
  res.writeHead(200, { 'content-type': mediaTypeOf(format), 'content-length': body.length }).end(body);
  return 200;
}
