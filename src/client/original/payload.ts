/** Values as the original's programs hand them over and are handed them. Pure. */
import { DataboxError } from '../errors.ts';
import type { Format } from '../kv.ts';
import type { Observation } from '../observe.ts';

/** Ids may be numbers. */
export type Id = string | number;
/** In any case. */
export type ContentFormat = 'JSON' | 'TEXT' | 'BINARY';
export type ValueOf<F extends ContentFormat> = F extends 'JSON' ? unknown : F extends 'TEXT' ? string : Buffer;

/** @throws DataboxError `value.invalid` */
export function formatOf(contentFormat: ContentFormat): Format {
  const format = String(contentFormat).toLowerCase();
  if (format === 'json' || format === 'text' || format === 'binary') return format;
  throw new DataboxError('value.invalid', `a content format is JSON, TEXT or BINARY, not ${contentFormat}`);
}

/**
 * An object or array, or the JSON text of one.
 * @throws DataboxError `value.invalid`
 */
export function documentOf(payload: unknown): object {
  let value = payload;
  try {
    if (typeof payload === 'string') value = JSON.parse(payload);
  } catch (cause) {
    throw new DataboxError('value.invalid', 'the payload is text, and no JSON', { cause });
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) return value;
  throw new DataboxError('value.invalid', 'a JSON payload is an object or an array; other values are TEXT or BINARY');
}

/** What is written in a format. @throws DataboxError `value.invalid` */
export function valueOf(payload: unknown, format: Format): object | string | Buffer {
  if (format === 'json') return documentOf(payload);
  if (payload instanceof Uint8Array) return format === 'text' ? Buffer.from(payload).toString() : Buffer.from(payload);
  if (!['string', 'number', 'boolean', 'bigint'].includes(typeof payload)) {
    throw new DataboxError('value.invalid', `a ${format} payload is a text or a buffer`);
  }
  const text = String(payload);
  return format === 'text' ? text : Buffer.from(text);
}

/** A write that was observed. */
export type Observed = {
  /** When it was written: ms since the Unix epoch, by the box's clock. */
  timestamp: number;
  datasourceid: string;
  /** Of a key/value write; `''` of a series. */
  key: string;
  /** JSON: the value (0.10), or its text (0.9); TEXT: a string; BINARY: a buffer. */
  data: unknown;
};

/** @param dataOf what becomes of JSON */
export function observedOf(
  { timestamp, path, format, data }: Observation,
  dataOf: (json: unknown) => unknown,
): Observed {
  const [id = '', key = ''] = path.replace(/^\/(ts\/blob|ts|kv)\//, '').split('/');
  const value = format === 'json' ? dataOf(data) : format === 'binary' ? Buffer.from(String(data), 'base64') : data;
  return { timestamp, datasourceid: id, key, data: value };
}
