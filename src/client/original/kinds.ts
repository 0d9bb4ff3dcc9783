/** The original's 0.9 library: a client for each kind of store. */
import type { StoreClient, Catalogue } from '../store.ts';
import { createOriginalKv, type OriginalKv } from './kv.ts';
import { itemOf, trimmed, type OriginalMetadata } from './metadata.ts';
import { createObservations } from './observation.ts';
import { createBlobSeries, createNumericSeries, type OriginalBlobSeries, type OriginalSeries } from './series.ts';

type Offering = {
  /**
   * Offers a datasource of this client's kind, whatever StoreType says, or describes one anew. Resolves to `created`.
   * @throws DataboxError `datasource.invalid` when one of the first six texts is missing or blank
   */
  RegisterDatasource(metadata: OriginalMetadata): Promise<'created'>;
  /** What the store offers, as JSON text: `{"catalogue-metadata":[…],"items":[…]}`, newest registration first. */
  GetDatasourceCatalogue(): Promise<string>;
};
/** As in `NewStoreClient`, but observers are told JSON as text. */
export type TimeSeriesClient = OriginalSeries & Offering;
export type TimeSeriesBlobClient = OriginalBlobSeries & Offering;
export type KeyValueClient = OriginalKv & Offering;

const watching = () => ({ observations: createObservations(), jsonOf: (json: unknown) => JSON.stringify(json) });

export const createTimeSeriesClient = (store: StoreClient): TimeSeriesClient => ({
  ...createNumericSeries(store.ts, watching()),
  ...offering(store, 'ts'),
});

export const createTimeSeriesBlobClient = (store: StoreClient): TimeSeriesBlobClient => ({
  ...createBlobSeries(store.tsBlob, watching()),
  ...offering(store, 'ts/blob'),
});

export const createKeyValueClient = (store: StoreClient): KeyValueClient => ({
  ...createOriginalKv(store.kv, watching()),
  ...offering(store, 'kv'),
});

function offering(store: StoreClient, kind: 'kv' | 'ts' | 'ts/blob'): Offering {
  return {
    async RegisterDatasource(metadata) {
      await store.registerItem(itemOf(`tcp://${store.name}:5555/${kind}/`, trimmed(metadata)));
      return 'created';
    },
    async GetDatasourceCatalogue() {
      const catalogue: Catalogue = await store.getDatasourceCatalogue();
      return JSON.stringify(catalogue);
    },
  };
}
