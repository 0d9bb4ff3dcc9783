/** client — what authors of apps and drivers import: tokens, stores, datasources, observation and export, over REST. */
export { connect, type Databox, type DataSource } from './databox.ts';
export { DataboxError, isPassing } from './errors.ts';
export { retry, type RetryOptions } from './retry.ts';
export {
  addressOfHref,
  dataSourceMetadataToHypercat,
  hypercatToDataSourceMetadata,
  newDataSourceMetadata,
} from './hypercat.ts';
export type { DataSourceAddress, DataSourceMetadata, HypercatItem, StoreType } from './hypercat.ts';
export type { HttpsCredentials } from './credentials.ts';
export type { ExportClient, ExportOptions, ExportState } from './export.ts';
export type { CallOptions, FunctionCall, FunctionHandler, Functions, Offer, RegisterOptions } from './functions.ts';
export type { Format, Kv, KvObserveOptions, Tagged } from './kv.ts';
export type { Observation, ObserveOptions } from './observe.ts';
export type { PlaceOptions } from './place.ts';
export type { Aggregation, BlobSeries, EntriesQuery, Entry, Filter, NumericSeries, Point } from './series.ts';
export type { Catalogue, StoreClient } from './store.ts';
export type { Caveat, Route } from './tokens.ts';
export {
  createOriginalApi,
  DataSourceMetadataToHypercat,
  exporting as export,
  GetHttpsCredentials,
  getHttpsCredentials,
  GetStoreURLFromHypercat,
  HypercatToDataSourceMetadata,
  HypercatToSourceDataMetadata,
  NewDataSourceMetadata,
  NewExportClient,
  NewKeyValueClient,
  NewStoreClient,
  NewTimeSeriesBlobClient,
  NewTimeSeriesClient,
  requestToken,
  waitForStoreStatus,
} from './original/index.ts';
export type {
  AwaitableItem,
  ContentFormat,
  Exporting,
  Gap,
  KeyValueClient,
  ObservationEmitter,
  Observed,
  OriginalApi,
  OriginalBlobSeries,
  OriginalExportClient,
  OriginalKv,
  OriginalMetadata,
  OriginalSeries,
  OriginalStoreClient,
  Result,
  TimeSeriesBlobClient,
  TimeSeriesClient,
} from './original/index.ts';
