/** What programs written for the original's libraries call, over one way into the box. */
import type { HttpsCredentials } from '../credentials.ts';
import type { Databox } from '../databox.ts';
import type { HypercatItem } from '../hypercat.ts';
import type { Route } from '../tokens.ts';
import { logged } from './logging.ts';
import {
  awaitable,
  complete,
  itemOf,
  metadataOf,
  NewDataSourceMetadata,
  storeUrlOf,
  type AwaitableItem,
  type OriginalMetadata,
} from './metadata.ts';
import { createExporting, createExportClient, type Exporting, type OriginalExportClient } from './exporting.ts';
import {
  createKeyValueClient,
  createTimeSeriesBlobClient,
  createTimeSeriesClient,
  type KeyValueClient,
  type TimeSeriesBlobClient,
  type TimeSeriesClient,
} from './kinds.ts';
import { waitForStatus } from './status.ts';
import { createStoreClient, type OriginalStoreClient } from './store-client.ts';

/**
 * Endpoints as the box hands them out: `tcp://driver-x-core-store:5555`, or the href of a datasource. `undefined`: this
 * component's own. `enableLogging`: each call and how it went, on standard error; never what was written or read.
 */
type Endpoint = string | undefined;

export type OriginalApi = {
  /** @param arbiterEndpoint is taken from the environment, whatever is said here */
  NewStoreClient: (
    storeEndpoint?: Endpoint,
    arbiterEndpoint?: Endpoint,
    enableLogging?: boolean,
  ) => OriginalStoreClient;
  NewTimeSeriesClient: (storeEndpoint?: Endpoint, enableLogging?: boolean) => TimeSeriesClient;
  NewTimeSeriesBlobClient: (storeEndpoint?: Endpoint, enableLogging?: boolean) => TimeSeriesBlobClient;
  NewKeyValueClient: (storeEndpoint?: Endpoint, enableLogging?: boolean) => KeyValueClient;
  NewExportClient: (arbiterEndpoint?: Endpoint, enableLogging?: boolean) => OriginalExportClient;
  /** Metadata to be filled in: each text is one space, which passes as filled in. */
  NewDataSourceMetadata: () => OriginalMetadata;
  /**
   * @param endpoint what its href begins with: `tcp://driver-x-core-store:5555/ts/`. Left out: this component's store
   * @throws DataboxError `datasource.invalid` when a text is missing
   */
  DataSourceMetadataToHypercat: (
    ...given: [endpoint: string, metadata: OriginalMetadata] | [metadata: OriginalMetadata]
  ) => AwaitableItem;
  /** What an item says, as object or text; what it does not say is one space. @throws DataboxError `datasource.invalid` */
  HypercatToDataSourceMetadata: (item: HypercatItem | string) => OriginalMetadata;
  /** The same of 0.9, where a text that is not said is `''`. @throws DataboxError `datasource.invalid` */
  HypercatToSourceDataMetadata: (
    item: HypercatItem | string,
  ) => Promise<{ DataSourceMetadata: OriginalMetadata; DataSourceURL: string }>;
  /** `tcp://driver-x-core-store:5555`. @throws DataboxError `datasource.invalid` */
  GetStoreURLFromHypercat: (item: HypercatItem | string) => string;
  /** For `https.createServer`: key and certificate that the box made for this component; `{}` outside a container. */
  GetHttpsCredentials: () => HttpsCredentials | Record<string, never>;
  getHttpsCredentials: () => HttpsCredentials | Record<string, never>;
  export: Exporting;
  /**
   * Asks the store of an endpoint or href once a second until its status is this, `active` where it works.
   * @param maxRetries default 10
   * @throws DataboxError of the last answer; `store.unavailable` when it was another status
   */
  waitForStoreStatus: (href: Endpoint, status: string, maxRetries?: number) => Promise<void>;
  /** @throws DataboxError `permission.refused` */
  requestToken: (hostname: string, path: string, method: Route['method']) => Promise<string>;
};

/** @param here asked for when something is used, so that importing this needs no box */
export function createOriginalApi(here: () => Databox): OriginalApi {
  return {
    NewStoreClient: (storeEndpoint, _arbiterEndpoint, enableLogging = false) =>
      shown(createStoreClient(here().store(storeEndpoint)), 'StoreClient', enableLogging),
    NewTimeSeriesClient: (storeEndpoint, enableLogging = false) =>
      shown(createTimeSeriesClient(here().store(storeEndpoint)), 'TimeSeriesClient', enableLogging),
    NewTimeSeriesBlobClient: (storeEndpoint, enableLogging = false) =>
      shown(createTimeSeriesBlobClient(here().store(storeEndpoint)), 'TimeSeriesBlobClient', enableLogging),
    NewKeyValueClient: (storeEndpoint, enableLogging = false) =>
      shown(createKeyValueClient(here().store(storeEndpoint)), 'KeyValueClient', enableLogging),
    NewExportClient: (_arbiterEndpoint, enableLogging = false) =>
      shown(createExportClient(here().export), 'ExportClient', enableLogging),
    export: createExporting(() => here().export),
    NewDataSourceMetadata: () => NewDataSourceMetadata(),
    DataSourceMetadataToHypercat: (...given) => {
      if (given.length === 2) return awaitable(itemOf(...given));
      const { StoreType } = complete(given[0]);
      return awaitable(itemOf(`tcp://${here().store().name}:5555/${StoreType}/`, given[0]));
    },
    HypercatToDataSourceMetadata: (item) => metadataOf(item, ' '),
    HypercatToSourceDataMetadata: async (item) =>
      Promise.resolve({ DataSourceMetadata: metadataOf(item, ''), DataSourceURL: storeUrlOf(item) }),
    GetStoreURLFromHypercat: (item) => storeUrlOf(item),
    GetHttpsCredentials: () => here().httpsCredentials() ?? {},
    getHttpsCredentials: () => here().httpsCredentials() ?? {},
    waitForStoreStatus: async (href, status, maxRetries = 10) => waitForStatus(here().store(href), status, maxRetries),
    requestToken: async (target, path, method) => here().token({ target, method, path }),
  };
}

const shown = <F extends object>(face: F, name: string, isLogged: boolean): F => (isLogged ? logged(face, name) : face);
