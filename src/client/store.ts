import type { Call, Caller } from './caller.ts';
import { dataSourceMetadataToHypercat, type DataSourceMetadata, type HypercatItem } from './hypercat.ts';
import { createKv, type Kv } from './kv.ts';
import { retry, type RetryOptions } from './retry.ts';
import { createSeries, type BlobSeries, type NumericSeries } from './series.ts';

/** A store, one's own or another component's. Every call fails with DataboxError. */
export type StoreClient = {
  /** Its host name. */
  readonly name: string;
  readonly kv: Kv;
  readonly ts: NumericSeries;
  readonly tsBlob: BlobSeries;
  /** Offers a datasource to apps, or describes one anew. Returns its item. */
  registerDatasource(metadata: DataSourceMetadata): Promise<HypercatItem>;
  getDatasourceCatalogue(): Promise<{ items: HypercatItem[] }>;
  /** Waits until the store answers. Default: as long as it takes. */
  waitForStore(options?: RetryOptions): Promise<void>;
};

export function createStore(caller: Caller, name: string): StoreClient {
  const call = (rest: Omit<Call, 'host'>): Call => ({ host: name, ...rest });
  const json = { 'content-type': 'application/json' };
  return {
    name,
    kv: createKv(caller, name),
    ts: createSeries(caller, name, 'ts') as NumericSeries,
    tsBlob: createSeries(caller, name, 'ts/blob'),
    async registerDatasource(metadata) {
      const item = dataSourceMetadataToHypercat(name, metadata);
      await caller.ask(call({ method: 'POST', path: '/cat', headers: json, body: JSON.stringify(item) }));
      return item;
    },
    async getDatasourceCatalogue() {
      const { body } = await caller.ask(call({ method: 'GET', path: '/cat' }));
      return JSON.parse(body.toString()) as { items: HypercatItem[] };
    },
    async waitForStore(options) {
      await retry(() => caller.ask(call({ method: 'GET', path: '/hello' })), options);
    },
  };
}
