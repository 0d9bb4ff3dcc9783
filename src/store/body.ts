/** A posted body → the change it asks for, and what observers are told of it. */
import { isUtf8 } from 'node:buffer';
import { Failure } from '../base/errors.ts';
import { readItem } from './catalogue.ts';
import type { Write } from './engine.ts';
import { readJson } from '../base/json.ts';
import type { Batch, Format, Post } from './operations.ts';
import { readPoint } from './point.ts';
import { usualPoint } from './usual.ts';

type Append = Extract<Post, { do: 'append' }>;

export type Posted = {
  change: Write;
  format: Format;
  /** The body as JSON text: JSON minified, text as a string, binary in base64. */
  json: () => string;
  /** What of the body counts: all of it, or the JSON without what follows. */
  posted: Buffer;
};

/**
 * @param now  the time of an entry that is posted without one, ms since the Unix epoch
 * @throws Failure `body.invalid`, `value.invalid`, `catalogue.invalid`
 */
export function readPosted(post: Exclude<Post, Batch>, body: Buffer, now: number): Posted {
  if (post.do === 'put' && post.format !== 'json') {
    const { format } = post;
    // A copy of its own: a small Buffer is a window on a shared pool, all of which would cross to the writer thread.
    return { format, change: { ...post, data: new Uint8Array(body) }, json: () => jsonOf(body, format), posted: body };
  }
  const text = textOf(body);
  const usual = post.do === 'append' && post.kind === 'ts' ? readUsual(post, text, now) : undefined;
  if (usual) return { ...usual, posted: body };
  const parsed = readJson(text);
  // Clients parse what they are told, and fall over what this forgave.
  const isWhole = parsed.end === text.length || text.slice(parsed.end).trim() === '';
  const posted = isWhole ? body : Buffer.from(text.slice(0, parsed.end));
  const told = { format: 'json', json: () => parsed.text, posted } as const;
  if (post.do === 'put') return { change: { ...post, data: parsed.text }, ...told };
  if (post.do === 'register') return { change: { do: 'register', item: readItem(parsed.value) }, ...told };
  const { series, at } = post;
  const timestamp = at ?? now;
  if (post.kind === 'ts') return { change: { do: 'point', series, timestamp, point: readPoint(parsed) }, ...told };
  return { change: { do: 'document', series, timestamp, text: parsed.text }, ...told };
}

/** The same of a point as programs write it, in a fraction of the time. */
function readUsual({ series, at }: Append, text: string, now: number): Omit<Posted, 'posted'> | undefined {
  const point = usualPoint(text);
  if (!point) return undefined;
  return {
    change: { do: 'point', series, timestamp: at ?? now, point },
    format: 'json',
    json: () => readJson(text).text,
  };
}

/** What a function was sent, as JSON text: nothing of it is validated, so what is no JSON is told as a string. */
export function passedOn(body: Buffer, format: Format): string {
  if (format !== 'json') return jsonOf(body, format);
  const text = body.toString();
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return JSON.stringify(text);
  }
}

function textOf(body: Buffer): string {
  if (isUtf8(body)) return body.toString();
  throw new Failure('body.invalid', 'the body is not UTF-8');
}

const jsonOf = (body: Buffer, format: Format): string =>
  JSON.stringify(format === 'text' ? body.toString() : body.toString('base64'));
