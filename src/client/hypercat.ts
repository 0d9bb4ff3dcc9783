import { DataboxError } from './errors.ts';

export type StoreType = 'kv' | 'ts' | 'ts/blob';
/** A datasource as catalogues and `DATASOURCE_<clientid>` hold it. */
export type HypercatItem = { 'item-metadata': { rel: string; val: unknown }[]; href: string };

/** What a driver says about a datasource it offers. */
export type DataSourceMetadata = {
  description: string;
  /** Of the entries. Default `application/json`. */
  contentType: string;
  vendor: string;
  /** What apps ask for by `type`. */
  dataSourceType: string;
  dataSourceId: string;
  storeType: StoreType;
  /** Writing to it does something in the world. */
  isActuator: boolean;
  isFunc: boolean;
  unit: string;
  location: string;
  /** Ms: the owner agreed to aggregates over so long, or a multiple. Absent: to every entry. */
  minimumSampleInterval?: number;
};

/** Metadata with defaults; id and type are the same unless both are given. */
export function newDataSourceMetadata(
  known: Partial<DataSourceMetadata> & Pick<DataSourceMetadata, 'dataSourceId' | 'storeType'>,
): DataSourceMetadata {
  return {
    ...{ description: known.dataSourceId, contentType: 'application/json', vendor: 'databox' },
    ...{ dataSourceType: known.dataSourceId, isActuator: false, isFunc: false, unit: '', location: '' },
    ...known,
  };
}

const hypercat = 'urn:X-hypercat:rels:';
const databox = 'urn:X-databox:rels:';

/** @param store host name of the store, for example `driver-x-core-store` */
export function dataSourceMetadataToHypercat(store: string, metadata: DataSourceMetadata): HypercatItem {
  const terms: [rel: string, val: unknown][] = [
    [`${hypercat}hasDescription:en`, metadata.description],
    [`${hypercat}isContentType`, metadata.contentType],
    [`${databox}hasVendor`, metadata.vendor],
    [`${databox}hasType`, metadata.dataSourceType],
    [`${databox}hasDatasourceid`, metadata.dataSourceId],
    [`${databox}hasStoreType`, metadata.storeType],
  ];
  if (metadata.isActuator) terms.push([`${databox}isActuator`, true]);
  if (metadata.isFunc) terms.push([`${databox}isFunc`, true]);
  if (metadata.unit !== '') terms.push([`${databox}hasUnit`, metadata.unit]);
  if (metadata.location !== '') terms.push([`${databox}hasLocation`, metadata.location]);
  return {
    'item-metadata': terms.map(([rel, val]) => ({ rel, val })),
    href: `tcp://${store}:5555/${metadata.storeType}/${metadata.dataSourceId}`,
  };
}

/** Where a datasource's entries are: `{ store: 'driver-x-core-store', storeType: 'ts/blob', id: 'freemem' }`. */
export type DataSourceAddress = { store: string; storeType: StoreType; id: string };

/** @throws DataboxError `answer.invalid` when it is no address of a datasource */
export function addressOfHref(href: string): DataSourceAddress {
  const [, store, storeType, id] = /^[a-z]+:\/\/([^/:]+)(?::\d+)?\/(kv|ts\/blob|ts)\/([^/]+)$/.exec(href) ?? [];
  if (store && storeType && id) return { store, storeType: storeType as StoreType, id };
  throw new DataboxError('answer.invalid', `${href} is no address of a datasource`);
}

/** The metadata of an item; terms that are missing have their defaults. */
export function hypercatToDataSourceMetadata(item: HypercatItem): DataSourceMetadata {
  const { storeType, id } = addressOfHref(item.href);
  const value = (rel: string): unknown => item['item-metadata'].find((entry) => entry.rel === rel)?.val;
  const text = (rel: string): string => {
    const val = value(rel);
    return typeof val === 'string' ? val : typeof val === 'number' ? String(val) : '';
  };
  const interval = value(`${databox}hasMinimumSampleInterval`);
  const flag = (rel: string): boolean => /^true$/i.test(String(value(rel)));
  return {
    description: text(`${hypercat}hasDescription:en`),
    contentType: text(`${hypercat}isContentType`),
    vendor: text(`${databox}hasVendor`),
    dataSourceType: text(`${databox}hasType`),
    dataSourceId: text(`${databox}hasDatasourceid`) || id,
    storeType,
    isActuator: flag(`${databox}isActuator`),
    isFunc: flag(`${databox}isFunc`),
    unit: text(`${databox}hasUnit`),
    location: text(`${databox}hasLocation`),
    ...(typeof interval === 'number' && { minimumSampleInterval: interval }),
  };
}
