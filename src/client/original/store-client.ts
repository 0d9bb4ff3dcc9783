/** A store as the original's 0.10 library shows it. */
import type { Functions } from '../functions.ts';
import type { Catalogue, StoreClient } from '../store.ts';
import { createOriginalKv, type OriginalKv } from './kv.ts';
import { complete, itemOf, NewDataSourceMetadata, ofKnownStore, type OriginalMetadata } from './metadata.ts';
import { createObservations } from './observation.ts';
import { createBlobSeries, createNumericSeries, type OriginalBlobSeries, type OriginalSeries } from './series.ts';

export type OriginalStoreClient = {
  readonly KV: OriginalKv;
  /** Numbers, each with at most one tag: `{ value: 21.5, room: 'attic' }`. */
  readonly TS: OriginalSeries;
  /** Any JSON objects and arrays. */
  readonly TSBlob: OriginalBlobSeries;
  /** Functions between components, which the original had for Go only. */
  readonly FUNC: { Register: Functions['register']; Call: Functions['call'] };
  /**
   * Offers a datasource to apps, or describes one anew. Resolves to `created`.
   * @throws DataboxError `datasource.invalid` when a text is missing or StoreType is none of kv, ts and ts/blob
   */
  RegisterDatasource(metadata: OriginalMetadata): Promise<'created'>;
  /** What the store offers: a hypercat catalogue, newest registration first. */
  GetDatasourceCatalogue(): Promise<Catalogue>;
  NewDataSourceMetadata(): OriginalMetadata;
};

export function createStoreClient(store: StoreClient): OriginalStoreClient {
  const watching = { observations: createObservations(), jsonOf: (json: unknown) => json };
  return {
    KV: createOriginalKv(store.kv, watching),
    TS: createNumericSeries(store.ts, watching),
    TSBlob: createBlobSeries(store.tsBlob, watching),
    FUNC: {
      Register: (name, handler, options) => store.functions.register(name, handler, options),
      Call: (name, payload, options) => store.functions.call(name, payload, options),
    },
    async RegisterDatasource(metadata) {
      const { StoreType } = ofKnownStore(complete(metadata));
      await store.registerItem(itemOf(`tcp://${store.name}:5555/${StoreType}/`, metadata));
      return 'created';
    },
    GetDatasourceCatalogue: () => store.getDatasourceCatalogue(),
    NewDataSourceMetadata: () => NewDataSourceMetadata(),
  };
}
