import type { Call, Caller } from './caller.ts';
import { observe, type Observation, type ObserveOptions } from './observe.ts';

/** Three namespaces: the same id and key may hold a value in each. */
export type Format = 'json' | 'text' | 'binary';
const media = { json: 'application/json', text: 'text/plain', binary: 'application/octet-stream' } as const;
type ValueOf<F extends Format> = F extends 'json' ? unknown : F extends 'text' ? string : Buffer;

export type Kv = {
  /** A missing key reads as `{}`, `''` or an empty buffer. */
  read<F extends Format = 'json'>(id: string, key: string, format?: F): Promise<ValueOf<F>>;
  /** JSON: any value that `JSON.stringify` takes. The format follows the value: text for strings, binary for buffers. */
  write(id: string, key: string, value: unknown): Promise<void>;
  delete(id: string, key: string, format?: Format): Promise<void>;
  /** Newest first. */
  listKeys(id: string, format?: Format): Promise<string[]>;
  /** Writes to any key of the id, from now on. */
  observe<T>(id: string, options?: ObserveOptions): AsyncGenerator<Observation<T>>;
  observeKey<T>(id: string, key: string, options?: ObserveOptions): AsyncGenerator<Observation<T>>;
};

export function createKv(caller: Caller, host: string): Kv {
  /** A token for the id serves all of its keys. */
  const call = (method: Call['method'], id: string, key: string): Call => {
    const path = `/kv/${id}/${key}`;
    return { host, method, path, scopes: [`/kv/${id}/*`, path] };
  };
  return {
    async read<F extends Format = 'json'>(id: string, key: string, format: F = 'json' as F) {
      const { body } = await caller.ask({ ...call('GET', id, key), headers: { accept: media[format] } });
      return valueOf(body, format) as ValueOf<F>;
    },
    async write(id, key, value) {
      const { type, body } = bodyOf(value);
      await caller.ask({ ...call('POST', id, key), headers: { 'content-type': type }, body });
    },
    async delete(id, key, format = 'json') {
      await caller.ask({ ...call('DELETE', id, key), headers: { accept: media[format] } });
    },
    async listKeys(id, format = 'json') {
      const { body } = await caller.ask({ ...call('GET', id, 'keys'), headers: { accept: media[format] } });
      return JSON.parse(body.toString()) as string[];
    },
    observe: (id, options) => observe(caller, call('GET', id, '*'), options),
    observeKey: (id, key, options) => observe(caller, call('GET', id, key), options),
  };
}

function bodyOf(value: unknown): { type: string; body: string | Buffer } {
  if (typeof value === 'string') return { type: media.text, body: value };
  if (value instanceof Uint8Array) return { type: media.binary, body: Buffer.from(value) };
  return { type: media.json, body: JSON.stringify(value) };
}

const valueOf = (body: Buffer, format: Format): unknown =>
  format === 'binary' ? body : format === 'text' ? body.toString() : (JSON.parse(body.toString()) as unknown);
