/** What the original's programs say about a datasource, and its hypercat item. */
import { DataboxError } from '../errors.ts';
import { dataSourceMetadataToHypercat, flagOf, termOf, type HypercatItem, type StoreType } from '../hypercat.ts';

export type OriginalMetadata = {
  /** For people. */
  Description: string;
  /** Of the entries: `application/json`, or `JSON`, `TEXT`, `BINARY`. */
  ContentType: string;
  Vendor: string;
  /** What apps ask for by `type`. */
  DataSourceType: string;
  /** Unique within the store. */
  DataSourceID: string;
  /** `kv`, `ts` or `ts/blob`. */
  StoreType: string;
  /** Writing to it does something in the world. */
  IsActuator: boolean;
  Unit: string;
  Location: string;
};

const texts = {
  Description: 'description',
  ContentType: 'contentType',
  Vendor: 'vendor',
  DataSourceType: 'dataSourceType',
  DataSourceID: 'dataSourceId',
  StoreType: 'storeType',
  Unit: 'unit',
  Location: 'location',
} as const;
type Text = keyof typeof texts;
const required = ['Description', 'ContentType', 'Vendor', 'DataSourceType', 'DataSourceID', 'StoreType'] as const;

/**
 * Metadata to be filled in. Each text is one space, which passes as filled in.
 * @param blank what the texts are instead
 */
export function NewDataSourceMetadata(blank = ' '): OriginalMetadata {
  return {
    Description: blank,
    ContentType: blank,
    Vendor: blank,
    DataSourceType: blank,
    DataSourceID: blank,
    StoreType: blank,
    IsActuator: false,
    Unit: blank,
    Location: blank,
  };
}

/**
 * The item, its href as `prefix` and id. Unit, location and `isActuator` are in it where they say something.
 * @throws DataboxError `datasource.invalid`
 */
export function itemOf(prefix: string, metadata: OriginalMetadata): HypercatItem {
  const { DataSourceID, StoreType, IsActuator, Unit = '', Location = '' } = complete(metadata);
  const item = dataSourceMetadataToHypercat('', {
    description: metadata.Description,
    contentType: metadata.ContentType,
    vendor: metadata.Vendor,
    dataSourceType: metadata.DataSourceType,
    dataSourceId: DataSourceID,
    storeType: StoreType as StoreType,
    ...{ isActuator: IsActuator, isFunc: false, unit: Unit, location: Location },
  });
  return { ...item, href: `${prefix}${DataSourceID}` };
}

/**
 * Programs in JavaScript may hand over anything.
 * @throws DataboxError `datasource.invalid` when one of the first six texts is missing
 */
export function complete(metadata: unknown): OriginalMetadata {
  const given: Partial<OriginalMetadata> = typeof metadata === 'object' && metadata !== null ? metadata : {};
  const missing = required.filter((member) => !given[member]);
  if (missing.length === 0) return given as OriginalMetadata;
  throw new DataboxError('datasource.invalid', `the metadata lacks ${missing.join(', ')}`);
}

/** @throws DataboxError `datasource.invalid` when it is complete but for a store of a kind that there is not */
export function ofKnownStore(metadata: OriginalMetadata): OriginalMetadata {
  if (['kv', 'ts', 'ts/blob'].includes(metadata.StoreType)) return metadata;
  throw new DataboxError(
    'datasource.invalid',
    `StoreType is kv, ts or ts/blob, not ${JSON.stringify(metadata.StoreType)}`,
  );
}

/** Texts that are only spaces say nothing: the 0.9 library knew no such placeholder. */
export function trimmed(metadata: OriginalMetadata): OriginalMetadata {
  if (typeof metadata !== 'object' || metadata === null) return metadata;
  const blank = (Object.keys(texts) as Text[]).filter((member) => String(metadata[member] ?? '').trim() === '');
  return { ...metadata, ...Object.fromEntries(blank.map((member) => [member, ''])) };
}

/** @throws DataboxError `datasource.invalid` when it is neither an item nor the text of one */
export function readItem(item: HypercatItem | string): HypercatItem {
  let read: unknown = item;
  try {
    if (typeof item === 'string') read = JSON.parse(item);
  } catch (cause) {
    throw new DataboxError('datasource.invalid', 'the item is no JSON', { cause });
  }
  const { href, 'item-metadata': entries } = (read ?? {}) as Partial<HypercatItem>;
  if (typeof href === 'string' && Array.isArray(entries)) return { 'item-metadata': entries, href };
  throw new DataboxError('datasource.invalid', 'a hypercat item has href and item-metadata');
}

/**
 * What an item says, for example that of `DATASOURCE_<clientid>`, as object or as text; what it does not say is `blank`.
 * @throws DataboxError `datasource.invalid`
 */
export function metadataOf(item: HypercatItem | string, blank: string): OriginalMetadata {
  const read = readItem(item);
  const said = (Object.keys(texts) as Text[]).flatMap((member) => {
    const value = termOf(read, texts[member]);
    return value === undefined ? [] : [[member, value]];
  });
  return {
    ...NewDataSourceMetadata(blank),
    ...(Object.fromEntries(said) as Partial<OriginalMetadata>),
    IsActuator: flagOf(read, 'isActuator'),
  };
}

/** The endpoint of the store that an item is in: `tcp://driver-x-core-store:5555`. @throws DataboxError `datasource.invalid` */
export function storeUrlOf(item: HypercatItem | string): string {
  const { href } = readItem(item);
  const [endpoint] = /^[a-z]+:\/\/[^/]+/i.exec(href) ?? [];
  if (endpoint !== undefined) return endpoint;
  throw new DataboxError('datasource.invalid', `${href} is no address of a datasource`);
}

/** To be read at once, or awaited. */
export type AwaitableItem = HypercatItem & PromiseLike<HypercatItem>;

/**
 * One function has the same name in both generations, and answers the item in 0.10 and a promise of it in 0.9: this is both.
 * What makes it a promise is seen neither in its JSON nor by those who compare it.
 */
export function awaitable(item: HypercatItem): AwaitableItem {
  const promise = Promise.resolve(item);
  const then = promise.then.bind(promise);
  return Object.defineProperty({ ...item }, 'then', { value: then }) as AwaitableItem;
}
