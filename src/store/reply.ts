/** Answers over HTTP; long ones go out part by part, no faster than they are read. */
import type { ServerResponse } from 'node:http';
import type { Reply } from './engine.ts';
import { info, type OpenStore } from './open-store.ts';
import { mediaTypeOf } from './content.ts';
import type { Info, Read } from './operations.ts';
import { holds } from './precondition.ts';

/** Time a reader may take for one part before it is given up. */
const stalledMs = 60_000;
/** Personal data: kept by no cache, taken for no page. */
const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function sendInfo(res: ServerResponse, store: OpenStore, operation: Info): void {
  const { type, body } = info(operation, store);
  res.writeHead(200, { ...always, 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Returns the status. */
export async function sendRead(res: ServerResponse, store: OpenStore, question: Read): Promise<number> {
  const type = question.do === 'value' ? mediaTypeOf(question.format) : 'application/json';
  const reply = await store.engine.read(store.name, question);
  const body = wholeOf(reply);
  const tag = 'whole' in reply ? reply.tag : undefined;
  const headers = { ...always, ...(tag !== undefined && { etag: tag }), 'content-type': type };
  if (question.do === 'value' && question.only && !holds(question.only, tag)) {
    res.writeHead(304, { ...always, etag: tag }).end();
    return 304;
  }
  if (body !== null) {
    res.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    return 200;
  }
  res.writeHead(200, headers);
  let separator = '[';
  for await (const part of parts(store, question, reply)) {
    if (part !== '' && !res.write(separator + part)) await drained(res);
    if (part !== '') separator = ',';
    if (res.destroyed) return 200;
  }
  res.end(separator === '[' ? '[]' : ']');
  return 200;
}

/** The body of a reply that is complete at once, null of one that goes on. */
const wholeOf = (reply: Reply): string | Uint8Array | null => {
  if ('whole' in reply) return reply.whole;
  return reply.next === null ? `[${reply.part}]` : null;
};

/** The parts of a long array after each other, asked for one at a time. */
async function* parts(store: OpenStore, question: Read, first: Reply): AsyncGenerator<string> {
  for (let reply = first; 'part' in reply; reply = await store.engine.read(store.name, question, reply.next)) {
    yield reply.part;
    if (reply.next === null) return;
  }
}

/**
 * The whole of a reply in memory, for the owner's own reads.
 * @returns null when it is longer than `limitBytes`
 */
export async function collect(store: OpenStore, question: Read, limitBytes: number): Promise<Buffer | null> {
  const reply = await store.engine.read(store.name, question);
  const body = wholeOf(reply);
  if (body !== null) return body.length > limitBytes ? null : Buffer.from(body as string);
  const texts: string[] = [];
  let bytes = 0;
  for await (const part of parts(store, question, reply)) {
    bytes += Buffer.byteLength(part);
    if (bytes > limitBytes) return null;
    if (part !== '') texts.push(part);
  }
  return Buffer.from(`[${texts.join(',')}]`);
}

/** Resolves when the reader has taken what was written, went away, or was cut for stalling. */
function drained(res: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => res.destroy(), stalledMs);
  res.once('drain', resolve).once('close', resolve);
  if (res.destroyed) resolve();
  return promise.finally(() => {
    clearTimeout(timer);
    res.off('drain', resolve).off('close', resolve);
  });
}
