/** Keys and values as the original's programs call them. */
import type { Kv, KvObserveOptions } from '../kv.ts';
import type { ObservationEmitter } from './observation.ts';
import { formatOf, observedOf, valueOf, type ContentFormat, type Id, type ValueOf } from './payload.ts';
import type { Watching } from './series.ts';

/** JSON, text and binary are three namespaces. Every promise is rejected with DataboxError. */
export type OriginalKv = {
  /** A key that is not there reads as `{}`, `''` or an empty buffer. */
  Read<F extends ContentFormat = 'JSON'>(id: Id, key: string, contentFormat?: F): Promise<ValueOf<F>>;
  /**
   * In place of what the key held. Resolves to `created` once it is on disk.
   * @param payload JSON: an object, an array, or the JSON text of one; else a text or a buffer
   */
  Write(...write: [id: Id, key: string, payload: unknown, contentFormat?: ContentFormat]): Promise<'created'>;
  /** Those of JSON values, newest first. */
  ListKeys(id: Id): Promise<string[]>;
  /**
   * Writes to any key in this format, from now on.
   * @param timeout seconds after which it ends; 0 or nothing: never
   */
  Observe(id: Id, timeout?: number, contentFormat?: ContentFormat): Promise<ObservationEmitter>;
  ObserveKey(
    ...observed: [id: Id, key: string, timeout?: number, contentFormat?: ContentFormat]
  ): Promise<ObservationEmitter>;
  /** Ends what `ObserveKey` began, or, without a key, `Observe`. */
  StopObserving(id: Id, key?: string): void;
};

export function createOriginalKv(kv: Kv, { observations, jsonOf }: Watching): OriginalKv {
  const watch = async function* (id: string, key: string, options: KvObserveOptions) {
    const events = key === '*' ? kv.observe<unknown>(id, options) : kv.observeKey<unknown>(id, key, options);
    for await (const event of events) yield observedOf(event, jsonOf);
  };
  const ObserveKey: OriginalKv['ObserveKey'] = async (...[id, key, timeout = 0, contentFormat = 'JSON']) => {
    const format = formatOf(contentFormat);
    return observations.start(`/kv/${id}/${key}`, {
      begin: (options) => watch(String(id), key, { ...options, format }),
      timeout,
    });
  };
  return {
    Read: async (id, key, contentFormat) =>
      (await kv.read(String(id), key, formatOf(contentFormat ?? 'JSON'))) as ValueOf<
        typeof contentFormat & ContentFormat
      >,
    async Write(...[id, key, payload, contentFormat = 'JSON']) {
      await kv.write(String(id), key, valueOf(payload, formatOf(contentFormat)));
      return 'created';
    },
    ListKeys: (id) => kv.listKeys(String(id)),
    Observe: (id, timeout, contentFormat) => ObserveKey(id, '*', timeout, contentFormat),
    ObserveKey,
    StopObserving: (id, key = '*') => observations.stop(`/kv/${id}/${key}`),
  };
}
