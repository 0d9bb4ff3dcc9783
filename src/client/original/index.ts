/** original — the functions that authors know from the Databox libraries for Node, over this one's own. */
import { connect, type Databox } from '../databox.ts';
import { createOriginalApi } from './api.ts';

let shared: Databox | undefined;
/** Of the process' environment, for all who do not bring a connection of their own. */
const api = createOriginalApi(() => (shared ??= connect()));

export const {
  NewStoreClient,
  NewTimeSeriesClient,
  NewTimeSeriesBlobClient,
  NewKeyValueClient,
  NewExportClient,
  NewDataSourceMetadata,
  DataSourceMetadataToHypercat,
  HypercatToDataSourceMetadata,
  HypercatToSourceDataMetadata,
  GetStoreURLFromHypercat,
  GetHttpsCredentials,
  getHttpsCredentials,
  waitForStoreStatus,
  requestToken,
  export: exporting,
} = api;
export { createOriginalApi, type OriginalApi } from './api.ts';
export type { Exporting, OriginalExportClient } from './exporting.ts';
export type { KeyValueClient, TimeSeriesBlobClient, TimeSeriesClient } from './kinds.ts';
export type { OriginalKv } from './kv.ts';
export type { AwaitableItem, OriginalMetadata } from './metadata.ts';
export type { Gap, ObservationEmitter } from './observation.ts';
export type { ContentFormat, Observed } from './payload.ts';
export type { OriginalBlobSeries, OriginalSeries, Result } from './series.ts';
export type { OriginalStoreClient } from './store-client.ts';
