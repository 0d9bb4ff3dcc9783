/** What published manifests promise and ask for: every datasource is offered, found and used under its own odd name. */
import { globSync, readFileSync } from 'node:fs';
import {
  createOriginalApi,
  type HypercatItem,
  type OriginalApi,
  type OriginalStoreClient,
} from '../../../../src/client/index.ts';
import { startBox, type Box } from '../box.ts';

type Manifest = {
  name: string;
  provides?: { 'data-source-type': string; 'store-type': string }[];
  datasources?: { type: string; clientid: string }[];
};
const manifests = globSync('test/fixtures/manifests/*-manifest.json').map(
  (path) => JSON.parse(readFileSync(path, 'utf8')) as Manifest,
);
const promised = manifests.flatMap(({ name, provides = [] }) =>
  provides.map((each) => [name, each['data-source-type'], each['store-type'].toLowerCase()] as const),
);
const asked = manifests.flatMap(({ name, datasources = [] }) =>
  datasources.map(({ clientid, type }) => [name, clientid, type] as const),
);

let box: Box;
let api: OriginalApi;
let driver: OriginalStoreClient;
beforeAll(async () => {
  box = await startBox();
  const databox = box.join('driver');
  api = createOriginalApi(() => databox);
  driver = api.NewStoreClient();
});
afterAll(async () => box[Symbol.asyncDispose]());

const offer = async (type: string, StoreType: string): Promise<HypercatItem | undefined> => {
  const words = { Description: type, ContentType: 'JSON', Vendor: 'V', DataSourceType: type, DataSourceID: type };
  await driver.RegisterDatasource({ ...api.NewDataSourceMetadata(), ...words, StoreType });
  const { items } = await driver.GetDatasourceCatalogue();
  return items.find(({ href }) => href.endsWith(`/${StoreType}/${type}`));
};

test('there are manifests', () => expect([promised.length > 25, asked.length > 15]).toEqual([true, true]));

test.each(promised)('%s: %s of a %s store', async (_name, type, kind) => {
  const item = await offer(type, kind.replace('tsblob', 'ts/blob'));
  const text = JSON.stringify(item);
  const { DataSourceID, StoreType } = api.HypercatToDataSourceMetadata(text);
  const store = api.NewStoreClient(api.GetStoreURLFromHypercat(text));
  if (StoreType === 'kv') {
    expect(await store.KV.Write(DataSourceID, 'key', { n: 1 })).toBe('created');
    expect(await store.KV.Read(DataSourceID, 'key')).toEqual({ n: 1 });
    return;
  }
  const series = StoreType === 'ts' ? store.TS : store.TSBlob;
  expect(await series.Write(DataSourceID, { value: 1 })).toBe('created');
  expect((await series.Latest(DataSourceID))[0]?.data).toEqual({ value: 1 });
});

test.each(asked)('%s: the owner’s choice for %s', async (_name, clientid, type) => {
  const item = await offer(type, 'ts/blob');
  const env = { [`DATASOURCE_${clientid}`]: JSON.stringify(item) };
  const app = box.join('app', env);
  expect(app.datasource(clientid)).toMatchObject({ store: 'driver-core-store', storeType: 'ts/blob', id: type });
  const theirs = createOriginalApi(() => app);
  const given = env[`DATASOURCE_${clientid}`] ?? '';
  expect(theirs.HypercatToDataSourceMetadata(given).DataSourceID).toBe(type);
  for (const path of [`/ts/blob/${type}`, `/ts/blob/${type}/*`])
    box.arbiter.grant('app', { method: 'GET', path, target: 'driver-core-store' }, []);
  const store = theirs.NewStoreClient(theirs.GetStoreURLFromHypercat(given));
  expect(await store.TSBlob.Length(type)).toEqual(await driver.TSBlob.Length(type));
});
