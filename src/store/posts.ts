/** What changes a store, from the request to its answer. Each returns the status. */
import { Failure } from '../base/errors.ts';
import { readBody, sendJson } from '../base/http.ts';
import { abandonBody } from '../base/patience.ts';
import { writeBatch } from './batch.ts';
import { readPosted } from './body.ts';
import { onRecord, type Exchange } from './exchange.ts';
import type { HttpExchange } from './http.ts';
import { importLines } from './import.ts';
import type { Batch, Erase, Post } from './operations.ts';
import { tellPosted } from './telling.ts';

type Single = Exclude<Post, Batch>;

export async function post<E extends Exchange<E>>(exchange: E, operation: Single, component: string): Promise<number> {
  const { wire, store, asked, moved } = exchange;
  const body = await wire.body(exchange);
  const { change, format, json, posted } = readPosted(operation, body, Date.now());
  await onRecord(exchange, component, body.length);
  const tag = await store.engine.write(store.name, change);
  moved.bytes = body.length;
  if (change.do === 'register') store.registered(change.item);
  // Observers before the writer: who reads "written" may rely on their having been told.
  await tellPosted(store, { path: asked.path, format, component, json, posted });
  return wire.written(exchange, tag);
}

export async function postBatch(exchange: HttpExchange, batch: Batch, component: string): Promise<number> {
  const { door, store, req, res, moved } = exchange;
  const body = await readBody(req, door.limitBytes);
  await onRecord(exchange, component, body.length);
  const written = await writeBatch(store, batch, { body, component });
  moved.bytes = body.length;
  const text = `{"written":${written}}`;
  res.writeHead(201, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  return 201;
}

/** Not `readBody`: of any length, and in its own time. The permission is looked at again before each part. */
export async function postLines(exchange: HttpExchange, batch: Batch, component: string): Promise<number> {
  const { door, store, req, res, asked, moved, caller, token } = exchange;
  const use = { caller, target: door.target, method: asked.method, path: asked.path };
  const recheck = (): void => {
    door.authorise(token, use);
    if (door.store() !== store) throw new Failure('store.unavailable', 'the store was closed meanwhile; send again');
  };
  const { limitBytes: longestLine, stalledMs } = door;
  try {
    await onRecord(exchange, component, null);
    const imported = await importLines({ store, req, batch, component, longestLine, stalledMs, recheck, moved });
    sendJson(res, 201, imported);
    return 201;
  } finally {
    res.once('finish', () => abandonBody(req));
  }
}

export async function erase<E extends Exchange<E>>(exchange: E, operation: Erase, component: string): Promise<number> {
  const { wire, store } = exchange;
  await onRecord(exchange, component, 0);
  await store.engine.write(store.name, operation);
  return wire.erased(exchange);
}
