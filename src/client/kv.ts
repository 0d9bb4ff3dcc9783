import type { Call, Caller } from './caller.ts';
import { observe, type Observation, type ObserveOptions } from './observe.ts';
import { pathOf } from './paths.ts';

/** Three namespaces: the same id and key may hold a value in each. */
export type Format = 'json' | 'text' | 'binary';
export const media = { json: 'application/json', text: 'text/plain', binary: 'application/octet-stream' } as const;
type ValueOf<F extends Format> = F extends 'json' ? unknown : F extends 'text' ? string : Buffer;

/** A value, and what a write that is meant for it names. */
export type Tagged<T> = {
  value: T;
  /** `undefined` of a missing key. */
  etag: string | undefined;
};
/** The value that a change is made for: the one with this `etag`, or none at all (`undefined`). */
export type For = { etag: string | undefined };

/** `format`: only writes of this one. Default: all three. */
export type KvObserveOptions = ObserveOptions & { format?: Format };

export type Kv = {
  /** A missing key reads as `{}`, `''` or an empty buffer. */
  read<F extends Format = 'json'>(id: string, key: string, format?: F): Promise<ValueOf<F>>;
  /** The same with what tells whether it has changed. */
  readTagged<F extends Format = 'json'>(id: string, key: string, format?: F): Promise<Tagged<ValueOf<F>>>;
  /** JSON: any value that `JSON.stringify` takes. The format follows the value: text for strings, binary for buffers. */
  write(id: string, key: string, value: unknown): Promise<void>;
  delete(id: string, key: string, format?: Format): Promise<void>;
  /**
   * Writes only in place of the value that `readTagged` answered; returns the new one's etag. Of several who write for the same,
   * one succeeds. @throws DataboxError `precondition.failed`: read it again
   */
  replace(id: string, key: string, change: For & { value: unknown }): Promise<string>;
  /** Deletes only the value that `readTagged` answered. @throws DataboxError `precondition.failed` */
  remove(id: string, key: string, change: { etag: string; format?: Format }): Promise<void>;
  /** Newest first. */
  listKeys(id: string, format?: Format): Promise<string[]>;
  /** Writes to any key of the id, from now on. Text is a string in `data`, binary is base64. */
  observe<T>(id: string, options?: KvObserveOptions): AsyncGenerator<Observation<T>>;
  observeKey<T>(id: string, key: string, options?: KvObserveOptions): AsyncGenerator<Observation<T>>;
};

export function createKv(caller: Caller, host: string): Kv {
  /** A token for the id serves all of its keys. */
  const call = (method: Call['method'], id: string, key: string): Call => {
    const path = pathOf`/kv/${id}/${key}`;
    return { host, method, path, scopes: [pathOf`/kv/${id}/*`, path] };
  };
  const readTagged: Kv['readTagged'] = async <F extends Format>(id: string, key: string, format = 'json' as F) => {
    const { body, headers } = await caller.ask({ ...call('GET', id, key), headers: { accept: media[format] } });
    return { value: valueOf(body, format) as ValueOf<F>, etag: headers.etag };
  };
  return {
    read: async (id, key, format) => (await readTagged(id, key, format)).value,
    readTagged,
    async write(id, key, value) {
      const { format, body } = bodyOf(value);
      await caller.ask({ ...call('POST', id, key), headers: { 'content-type': media[format] }, body });
    },
    async delete(id, key, format = 'json') {
      await caller.ask({ ...call('DELETE', id, key), headers: { accept: media[format] } });
    },
    async replace(id, key, { value, etag }) {
      const { format, body } = bodyOf(value);
      const only = etag === undefined ? { 'if-none-match': '*' } : { 'if-match': etag };
      const answer = await caller.ask({
        ...call('POST', id, key),
        headers: { 'content-type': media[format], ...only },
        body,
      });
      return answer.headers.etag ?? '';
    },
    async remove(id, key, { etag, format = 'json' }) {
      await caller.ask({ ...call('DELETE', id, key), headers: { accept: media[format], 'if-match': etag } });
    },
    async listKeys(id, format = 'json') {
      const { body } = await caller.ask({ ...call('GET', id, 'keys'), headers: { accept: media[format] } });
      return JSON.parse(body.toString()) as string[];
    },
    observe: (id, options) => observe(caller, watching(call('GET', id, '*'), options), options),
    observeKey: (id, key, options) => observe(caller, watching(call('GET', id, key), options), options),
  };
}

const watching = (call: Call, { format }: KvObserveOptions = {}): Call =>
  format === undefined ? call : { ...call, query: `format=${format}` };

/** The format follows the value. */
export function bodyOf(value: unknown): { format: Format; body: string | Buffer } {
  if (typeof value === 'string') return { format: 'text', body: value };
  if (value instanceof Uint8Array) return { format: 'binary', body: Buffer.from(value) };
  return { format: 'json', body: JSON.stringify(value) };
}

const valueOf = (body: Buffer, format: Format): unknown =>
  format === 'binary' ? body : format === 'text' ? body.toString() : (JSON.parse(body.toString()) as unknown);
