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

/** A store to read from. */
export type Source = Pick<OpenStore, 'name' | 'engine'>;
/** Where an answer goes. `moved.bytes` grows by what of a body was sent, also when the rest fails. */
export type Out = { res: ServerResponse; store: OpenStore; moved: { bytes: number } };

export function sendInfo({ res, store }: Pick<Out, 'res' | 'store'>, operation: Info): void {
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
export async function sendRead(out: Out, question: Read): Promise<number> {
  const { store } = out;
  const reply = await store.engine.read(store.name, question);
  if (question.do === 'value') return sendValue(out, question, reply);
  const frame = frameOf(question);
  const body = wholeOf(reply, frame);
  const headers = { ...always, 'content-type': frame.type };
  if (body === null) return sendParts(out, headers, { frame, parts: parts(store, question, reply) });
  return sendWhole(out, headers, body);
}

function sendWhole({ res, moved }: Out, headers: OutgoingHttpHeaders, body: string | Uint8Array): number {
  moved.bytes = Buffer.byteLength(body);
  res.writeHead(200, { ...headers, 'content-length': moved.bytes }).end(body);
  return 200;
}

function sendValue(out: Out, { format, only }: Extract<Read, { do: 'value' }>, reply: Reply): number {
  const { whole: body = '', tag } = reply as Extract<Reply, { whole: unknown }>;
  const headers = { ...always, ...(tag !== undefined && { etag: tag }) };
  if (only && !holds(only, tag)) {
    out.res.writeHead(304, headers).end();
    return 304;
  }
  return sendWhole(out, { ...headers, 'content-type': mediaTypeOf(format) }, body);
}

type Long = { frame: Frame; parts: AsyncIterable<string> };
async function sendParts(out: Out, headers: OutgoingHttpHeaders, { frame, parts }: Long): Promise<number> {
  const { res, moved } = out;
  // Lines have no last bracket: only the chunks of HTTP/1.1 tell their end from a broken connection.
  if (frame === oneALine && res.req.httpVersion !== '1.1') {
    throw new Failure('content.unsupported', 'so many lines need HTTP/1.1');
  }
  res.writeHead(200, headers);
  let before = frame.open;
  for await (const part of parts) {
    if (part === '') continue;
    const text = before + part + frame.after;
    moved.bytes += Buffer.byteLength(text);
    if (!res.write(text)) await drained(res);
    before = frame.between;
    if (res.destroyed) return 200;
  }
  const end = before === frame.open && frame === array ? '[]' : frame.close;
  moved.bytes += end.length;
  res.end(end);
  return 200;
}

export type Paging = { cursor: string | undefined; about: About };

/** One page: a part of the engine's, and where it goes on. Returns the status. @throws Failure `cursor.invalid` */
export async function sendPage(
  out: Out,
  question: Extract<Read, { do: 'entries' }>,
  { cursor, about }: Paging,
): Promise<number> {
  const { store } = out;
  const from = cursor === undefined ? undefined : store.cursors.open(cursor, about);
  const { part, next } = (await store.engine.read(store.name, question, from)) as Extract<Reply, { part: string }>;
  const frame = frameOf(question);
  const body = framed(frame, part);
  const more = next === null ? undefined : `?limit=${question.limit}&cursor=${store.cursors.seal(next, about)}`;
  const link = more !== undefined && { link: `<${more}>; rel="next"` };
  return sendWhole(out, { ...always, ...link, 'content-type': frame.type }, body);
}

/** The body of a reply that is complete at once, null of one that goes on. */
const wholeOf = (reply: Reply, frame: Frame): string | Uint8Array | null => {
  if ('whole' in reply) return reply.whole;
  return reply.next === null ? framed(frame, reply.part) : null;
};

/** The parts of a long array after each other, asked for one at a time. */
async function* parts(store: Source, question: Read, first: Reply): AsyncGenerator<string> {
  for (let reply = first; 'part' in reply; reply = await store.engine.read(store.name, question, reply.next)) {
    yield reply.part;
    if (reply.next === null) return;
  }
}

/**
 * The whole of a reply in memory, for the owner's own reads.
 * @returns null when it is longer than `limitBytes`
 */
export async function collect(store: Source, question: Read, limitBytes: number): Promise<Buffer | null> {
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
