/** Answers over HTTP; long ones go out part by part, no faster than they are read. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Failure } from '../base/errors.ts';
import type { About } from './cursor.ts';
import type { Reply } from './engine.ts';
import { info, type OpenStore } from './open-store.ts';
import { linesType, mediaTypeOf } from './content.ts';
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

/** What stands around entries, and between parts of them. */
type Frame = { type: string; open: string; between: string; after: string; close: string };
const array: Frame = { type: 'application/json', open: '[', between: ',', after: '', close: ']' };
const oneALine: Frame = { type: linesType, open: '', between: '', after: '\n', close: '' };
const frameOf = (question: Read): Frame => ('lines' in question && question.lines ? oneALine : array);
const framed = ({ open, after, close }: Frame, part: string): string => open + part + (part && after) + close;

/** Returns the status. */
export async function sendRead(res: ServerResponse, store: OpenStore, question: Read): Promise<number> {
  const reply = await store.engine.read(store.name, question);
  if (question.do === 'value') return sendValue(res, question, reply);
  const frame = frameOf(question);
  const body = wholeOf(reply, frame);
  const headers = { ...always, 'content-type': frame.type };
  if (body === null) return sendParts(res, headers, { frame, parts: parts(store, question, reply) });
  res.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
  return 200;
}

function sendValue(res: ServerResponse, { format, only }: Extract<Read, { do: 'value' }>, reply: Reply): number {
  const { whole: body = '', tag } = reply as Extract<Reply, { whole: unknown }>;
  const headers = { ...always, ...(tag !== undefined && { etag: tag }) };
  if (only && !holds(only, tag)) {
    res.writeHead(304, headers).end();
    return 304;
  }
  const about = { 'content-type': mediaTypeOf(format), 'content-length': Buffer.byteLength(body) };
  res.writeHead(200, { ...headers, ...about }).end(body);
  return 200;
}

type Long = { frame: Frame; parts: AsyncIterable<string> };
async function sendParts(res: ServerResponse, headers: OutgoingHttpHeaders, { frame, parts }: Long): Promise<number> {
  // Lines have no last bracket: only the chunks of HTTP/1.1 tell their end from a broken connection.
  if (frame === oneALine && res.req.httpVersion !== '1.1') {
    throw new Failure('content.unsupported', 'so many lines need HTTP/1.1');
  }
  res.writeHead(200, headers);
  let before = frame.open;
  for await (const part of parts) {
    if (part === '') continue;
    if (!res.write(before + part + frame.after)) await drained(res);
    before = frame.between;
    if (res.destroyed) return 200;
  }
  res.end(before === frame.open && frame === array ? '[]' : frame.close);
  return 200;
}

export type Paging = { cursor: string | undefined; about: About };

/** One page: a part of the engine's, and where it goes on. Returns the status. @throws Failure `cursor.invalid` */
export async function sendPage(
  { res, store }: { res: ServerResponse; store: OpenStore },
  question: Extract<Read, { do: 'entries' }>,
  { cursor, about }: Paging,
): Promise<number> {
  const from = cursor === undefined ? undefined : store.cursors.open(cursor, about);
  const { part, next } = (await store.engine.read(store.name, question, from)) as Extract<Reply, { part: string }>;
  const frame = frameOf(question);
  const body = framed(frame, part);
  const more = next === null ? undefined : `?limit=${question.limit}&cursor=${store.cursors.seal(next, about)}`;
  res.writeHead(200, {
    ...always,
    ...(more !== undefined && { link: `<${more}>; rel="next"` }),
    ...{ 'content-type': frame.type, 'content-length': Buffer.byteLength(body) },
  });
  res.end(body);
  return 200;
}

/** The body of a reply that is complete at once, null of one that goes on. */
const wholeOf = (reply: Reply, frame: Frame): string | Uint8Array | null => {
  if ('whole' in reply) return reply.whole;
  return reply.next === null ? framed(frame, reply.part) : null;
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
  const body = wholeOf(reply, array);
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
