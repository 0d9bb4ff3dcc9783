import type { Call, Caller } from './caller.ts';
import { dataSourceMetadataToHypercat, type DataSourceMetadata, type HypercatItem } from './hypercat.ts';
import { createFunctions, type Functions } from './functions.ts';
import { createKv, type Kv } from './kv.ts';
import { retry, type RetryOptions } from './retry.ts';
import { createSeries, type BlobSeries, type NumericSeries } from './series.ts';

/** Hypercat: what a store offers, newest registration first. */
export type Catalogue = { 'catalogue-metadata': HypercatItem['item-metadata']; items: HypercatItem[] };

/** A store, one's own or another component's. Every call fails with DataboxError. */
export type StoreClient = {
  /** Its host name. */
  readonly name: string;
  readonly kv: Kv;
  readonly ts: NumericSeries;
  readonly tsBlob: BlobSeries;
  readonly functions: Functions;
  /** Offers a datasource to apps, or describes one anew. Returns its item. */
  registerDatasource(metadata: DataSourceMetadata): Promise<HypercatItem>;
  /** The same for an item that was made otherwise. @throws DataboxError `catalogue.invalid` */
  registerItem(item: HypercatItem): Promise<void>;
  getDatasourceCatalogue(): Promise<Catalogue>;
  /** `active` of a store that works. */
  status(): Promise<string>;
  /** Waits until the store answers. Default: as long as it takes. */
  waitForStore(options?: RetryOptions): Promise<void>;
};

export function createStore(caller: Caller, name: string): StoreClient {
  const call = (rest: Omit<Call, 'host'>): Call => ({ host: name, ...rest });
  const json = { 'content-type': 'application/json' };
  const registerItem = async (item: HypercatItem): Promise<void> =>
    void (await caller.ask(call({ method: 'POST', path: '/cat', headers: json, body: JSON.stringify(item) })));
  return {
    name,
    kv: createKv(caller, name),
    ts: createSeries(caller, name, 'ts') as NumericSeries,
    tsBlob: createSeries(caller, name, 'ts/blob'),
    functions: createFunctions({ caller, store: name, registerItem }),
    async registerDatasource(metadata) {
      const item = dataSourceMetadataToHypercat(name, metadata);
      await registerItem(item);
      return item;
    },
    registerItem,
    async getDatasourceCatalogue() {
      const { body } = await caller.ask(call({ method: 'GET', path: '/cat' }));
      return JSON.parse(body.toString()) as Catalogue;
    },
    status: async () => (await caller.ask(call({ method: 'GET', path: '/status' }))).body.toString(),
    async waitForStore(options) {
      await retry(() => caller.ask(call({ method: 'GET', path: '/hello' })), options);
    },
  };
}
