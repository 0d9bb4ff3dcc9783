import { createCaller } from './caller.ts';
import { httpsCredentials, type HttpsCredentials } from './credentials.ts';
import { DataboxError } from './errors.ts';
import { createExport, type ExportClient } from './export.ts';
import { createHttp } from './http.ts';
import { addressOfHref, hypercatToDataSourceMetadata } from './hypercat.ts';
import type { DataSourceAddress, DataSourceMetadata, HypercatItem } from './hypercat.ts';
import { readPlace, type PlaceOptions } from './place.ts';
import { createStore, type StoreClient } from './store.ts';
import { createTokens, type Route } from './tokens.ts';

/** A datasource that the owner chose for this app. */
export type DataSource = DataSourceAddress & { item: HypercatItem; metadata: DataSourceMetadata; client: StoreClient };

/** Disposed, it closes its connections and ends its observations. */
export type Databox = Disposable & {
  /** This component's name. */
  readonly name: string;
  /** This component's own store, or that of an endpoint: `tcp://driver-x-core-store:5555`, a href, or a host name. */
  store(endpoint?: string): StoreClient;
  /**
   * The datasources chosen for a clientid of the manifest; `[]` when the owner chose none.
   * @throws DataboxError `environment.invalid` when the variable does not hold a datasource
   */
  datasources(clientid: string): DataSource[];
  /** The first of them. @throws DataboxError `datasource.unknown` when there is none */
  datasource(clientid: string): DataSource;
  readonly export: ExportClient;
  /**
   * A token for requests that an author makes without this library: asked for once, and again when its hour is nearly over.
   * @throws DataboxError `permission.refused`, `key.invalid`, `unreachable`
   */
  token(route: Route): Promise<string>;
  /** For `https.createServer`: the certificate the owner's proxy expects. `undefined` outside a container. */
  httpsCredentials(): HttpsCredentials | undefined;
};

/**
 * This component's way into the box. Nothing is asked for yet; what cannot be reached fails when it is used.
 * @throws DataboxError `environment.invalid` outside a component
 */
export function connect(options: PlaceOptions = {}): Databox {
  const place = readPlace(options);
  const http = createHttp(place.ca);
  const tokens = createTokens(place, http);
  const caller = createCaller({ place, http, tokens });
  const stores = new Map<string, StoreClient>();
  const storeOf = (name: string): StoreClient => {
    const store = stores.get(name) ?? createStore(caller, name);
    stores.set(name, store);
    return store;
  };
  const datasources = (clientid: string): DataSource[] =>
    itemsOf(clientid, place.env).map((item) => {
      const address = addressOfHref(item.href);
      return { ...address, item, metadata: hypercatToDataSourceMetadata(item), client: storeOf(address.store) };
    });
  return {
    name: place.name,
    store: (endpoint) => storeOf(endpoint === undefined ? place.store : place.hostOf(withScheme(endpoint))),
    datasources,
    datasource(clientid) {
      const [first] = datasources(clientid);
      if (first) return first;
      throw new DataboxError('datasource.unknown', `the owner chose nothing for ${clientid}`);
    },
    export: createExport(caller),
    token: (route) => tokens.take(route),
    httpsCredentials: () => httpsCredentials(place),
    [Symbol.dispose]: () => http[Symbol.dispose](),
  };
}

const withScheme = (endpoint: string): string => (endpoint.includes('://') ? endpoint : `tcp://${endpoint}`);

/** `DATASOURCE_<clientid>`, then `DATASOURCE_<clientid>_2` and so on. */
function itemsOf(clientid: string, env: Readonly<Record<string, string | undefined>>): HypercatItem[] {
  const items: HypercatItem[] = [];
  for (let at = 1; ; at++) {
    const name = `DATASOURCE_${clientid}${at === 1 ? '' : `_${at}`}`;
    const text = env[name];
    if (text === undefined) return items;
    try {
      items.push(JSON.parse(text) as HypercatItem);
    } catch (cause) {
      throw new DataboxError('environment.invalid', `${name} is no JSON`, { cause });
    }
  }
}
