import { DataboxError } from './errors.ts';

/** `notification/request`: a function. */
export type StoreType = 'kv' | 'ts' | 'ts/blob' | 'notification/request';
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
const rels = {
  description: `${hypercat}hasDescription:en`,
  contentType: `${hypercat}isContentType`,
  vendor: `${databox}hasVendor`,
  dataSourceType: `${databox}hasType`,
  dataSourceId: `${databox}hasDatasourceid`,
  storeType: `${databox}hasStoreType`,
  isActuator: `${databox}isActuator`,
  isFunc: `${databox}isFunc`,
  unit: `${databox}hasUnit`,
  location: `${databox}hasLocation`,
  minimumSampleInterval: `${databox}hasMinimumSampleInterval`,
} as const satisfies Record<keyof DataSourceMetadata, string>;

/** What an item says of one member, of whatever JSON type; `undefined` when it says nothing. */
export const termOf = (item: HypercatItem, member: keyof DataSourceMetadata): unknown =>
  item['item-metadata'].find(({ rel }) => rel === rels[member])?.val;

/** Flags are written as `true` or as text in any case. */
export const flagOf = (item: HypercatItem, member: 'isActuator' | 'isFunc'): boolean =>
  /^true$/i.test(String(termOf(item, member)));

/** @param store host name of the store, for example `driver-x-core-store` */
export function dataSourceMetadataToHypercat(store: string, metadata: DataSourceMetadata): HypercatItem {
  const always = ['description', 'contentType', 'vendor', 'dataSourceType', 'dataSourceId', 'storeType'] as const;
  const flags = (['isActuator', 'isFunc'] as const).filter((member) => metadata[member]);
  const texts = (['unit', 'location'] as const).filter((member) => metadata[member] !== '');
  return {
    'item-metadata': [...always, ...flags, ...texts].map((member) => ({ rel: rels[member], val: metadata[member] })),
    href: `tcp://${store}:5555/${folderOf(metadata.storeType)}/${metadata.dataSourceId}`,
  };
}

/** In hrefs; that of functions is shorter, as it has always been. */
const folderOf = (storeType: StoreType): string => (storeType === 'notification/request' ? 'request' : storeType);

/** Where a datasource's entries are: `{ store: 'driver-x-core-store', storeType: 'ts/blob', id: 'freemem' }`. */
export type DataSourceAddress = { store: string; storeType: StoreType; id: string };

const address = /^[a-z]+:\/\/([^/:]+)(?::\d+)?\/(kv|ts\/blob|ts|request|notification\/request)\/([^/]+)$/;

/** @throws DataboxError `answer.invalid` when it is no address of a datasource */
export function addressOfHref(href: string): DataSourceAddress {
  const [, store, folder, id] = address.exec(href) ?? [];
  const storeType = (folder === 'request' ? 'notification/request' : folder) as StoreType | undefined;
  if (store && storeType && id) return { store, storeType, id };
  throw new DataboxError('answer.invalid', `${href} is no address of a datasource`);
}

/** The metadata of an item; terms that are missing have their defaults. */
export function hypercatToDataSourceMetadata(item: HypercatItem): DataSourceMetadata {
  const { storeType, id } = addressOfHref(item.href);
  const text = (member: keyof DataSourceMetadata): string => {
    const val = termOf(item, member);
    return typeof val === 'string' ? val : typeof val === 'number' ? String(val) : '';
  };
  const interval = termOf(item, 'minimumSampleInterval');
  return {
    description: text('description'),
    contentType: text('contentType'),
    vendor: text('vendor'),
    dataSourceType: text('dataSourceType'),
    dataSourceId: text('dataSourceId') || id,
    storeType,
    isActuator: flagOf(item, 'isActuator'),
    isFunc: flagOf(item, 'isFunc'),
    unit: text('unit'),
    location: text('location'),
    ...(typeof interval === 'number' && { minimumSampleInterval: interval }),
  };
}
