/** What programs written for the original's libraries call, over one way into the box. */
import type { HttpsCredentials } from '../credentials.ts';
import type { Databox } from '../databox.ts';
import type { ExportState } from '../export.ts';
import type { HypercatItem } from '../hypercat.ts';
import { logged } from './logging.ts';
import { complete, itemOf, metadataOf, NewDataSourceMetadata, storeUrlOf, type OriginalMetadata } from './metadata.ts';
import { documentOf } from './payload.ts';
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
  NewExportClient: (arbiterEndpoint?: Endpoint, enableLogging?: boolean) => OriginalExportClient;
  /** Metadata to be filled in: each text is one space, which passes as filled in. */
  NewDataSourceMetadata: () => OriginalMetadata;
  /**
   * @param endpoint what its href begins with: `tcp://driver-x-core-store:5555/ts/`. Left out: this component's store
   * @throws DataboxError `datasource.invalid` when a text is missing
   */
  DataSourceMetadataToHypercat: (
    ...given: [endpoint: string, metadata: OriginalMetadata] | [metadata: OriginalMetadata]
  ) => HypercatItem;
  /** What an item says, as object or text; what it does not say is one space. @throws DataboxError `datasource.invalid` */
  HypercatToDataSourceMetadata: (item: HypercatItem | string) => OriginalMetadata;
  /** `tcp://driver-x-core-store:5555`. @throws DataboxError `datasource.invalid` */
  GetStoreURLFromHypercat: (item: HypercatItem | string) => string;
  /** For `https.createServer`: key and certificate that the box made for this component; `{}` outside a container. */
  GetHttpsCredentials: () => HttpsCredentials | Record<string, never>;
};

export type OriginalExportClient = {
  /**
   * Hands over a payload, or, with the id of an earlier answer, waits for its next state (20 s at most). Ask again until it
   * is `Finished`: `{ id: '…', state: 'Finished', ext_response: { status: '200 OK', body: '…' } }`.
   * @param destination exactly one of the manifest's export-whitelist
   * @param payload     an object or array, or its JSON text
   * @throws DataboxError `permission.refused`, `export.refused`, `export.full`, `export.unknown`
   */
  Longpoll(destination: string, payload: unknown, id?: string): Promise<ExportState>;
};

/** @param here asked for when something is used, so that importing this needs no box */
export function createOriginalApi(here: () => Databox): OriginalApi {
  return {
    NewStoreClient: (storeEndpoint, _arbiterEndpoint, enableLogging = false) =>
      shown(createStoreClient(here().store(storeEndpoint)), 'StoreClient', enableLogging),
    NewExportClient: (_arbiterEndpoint, enableLogging = false) => {
      const { export: exporting } = here();
      const Longpoll: OriginalExportClient['Longpoll'] = async (destination, payload, id = '') =>
        exporting.longpoll(destination, documentOf(payload), id);
      return shown({ Longpoll }, 'ExportClient', enableLogging);
    },
    NewDataSourceMetadata: () => NewDataSourceMetadata(),
    DataSourceMetadataToHypercat: (...given) => {
      if (given.length === 2) return itemOf(...given);
      const { StoreType } = complete(given[0]);
      return itemOf(`tcp://${here().store().name}:5555/${StoreType}/`, given[0]);
    },
    HypercatToDataSourceMetadata: (item) => metadataOf(item, ' '),
    GetStoreURLFromHypercat: (item) => storeUrlOf(item),
    GetHttpsCredentials: () => here().httpsCredentials() ?? {},
  };
}

const shown = <F extends object>(face: F, name: string, isLogged: boolean): F => (isLogged ? logged(face, name) : face);
