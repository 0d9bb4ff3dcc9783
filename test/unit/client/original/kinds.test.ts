/** The 0.9 face: a client for each kind of store, and the functions beside them. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  connect,
  createOriginalApi,
  type KeyValueClient,
  type OriginalApi,
  type OriginalMetadata,
  type TimeSeriesBlobClient,
  type TimeSeriesClient,
} from '../../../../src/client/index.ts';
import { startBox, type Box } from '../box.ts';

const endpoint = 'tcp://driver-core-store:5555';
let box: Box;
let api: OriginalApi;
let ts: TimeSeriesClient;
let blob: TimeSeriesBlobClient;
let kv: KeyValueClient;
beforeAll(async () => {
  box = await startBox();
  const databox = box.join('driver');
  api = createOriginalApi(() => databox);
  ts = api.NewTimeSeriesClient(endpoint, false);
  blob = api.NewTimeSeriesBlobClient(endpoint, false);
  kv = api.NewKeyValueClient(endpoint, false);
});
afterAll(async () => box[Symbol.asyncDispose]());

const sensor = (rest: Partial<OriginalMetadata> = {}): OriginalMetadata => ({
  ...api.NewDataSourceMetadata(),
  ...{ Description: 'Heat', ContentType: 'JSON', Vendor: 'You', DataSourceType: 'heat', DataSourceID: 'heat' },
  ...{ StoreType: 'store-core', ...rest },
});
const code = (text: string) => expect.objectContaining({ name: 'DataboxError', code: text }) as Error;

test('TimeSeriesClient: numbers, written and read in every way', async () => {
  expect(await ts.Write('now', { value: 1 })).toBe('created');
  for (const [at, value, room] of [
    [1, 10, 'attic'],
    [2, 20, 'cellar'],
  ] as const)
    // prettier-ignore
    expect(await ts.WriteAt('heat', at, { value, room })).toBe('created');
  const [attic, cellar] = [
    { timestamp: 1, data: { value: 10, room: 'attic' } },
    { timestamp: 2, data: { value: 20, room: 'cellar' } },
  ];
  expect(await ts.Latest('heat')).toEqual([cellar]);
  expect(await ts.Earliest('heat')).toEqual([attic]);
  expect(await ts.LastN('heat', 5)).toEqual([cellar, attic]);
  expect(await ts.FirstN('heat', 5)).toEqual([attic, cellar]);
  expect(await ts.Since('heat', 2)).toEqual([cellar]);
  expect(await ts.Range('heat', 0, 1)).toEqual([attic]);
  expect(await ts.Length('heat')).toEqual({ length: 2 });
  expect(await ts.LastN('heat', 5, 'mean')).toEqual({ result: 15 });
  expect(await ts.FirstN('heat', 5, 'max', 'room', 'contains', 'att')).toEqual({ result: 10 });
  expect(await ts.Since('heat', 0, '', 'room', 'equals', 'cellar')).toEqual([cellar]);
  expect(await ts.Range('heat', 0, 9, 'sum', 'room', 'equals', 'nowhere')).toEqual({});
});

test('TimeSeriesBlobClient: the same of objects', async () => {
  expect(await blob.WriteAt('photo', 1, { w: 1 })).toBe('created');
  expect(await blob.Write('photo', { w: 2 })).toBe('created');
  expect((await blob.Latest('photo'))[0]?.data).toEqual({ w: 2 });
  expect(await blob.Earliest('photo')).toEqual([{ timestamp: 1, data: { w: 1 } }]);
  expect((await blob.LastN('photo', 2)).map(({ data }) => data)).toEqual([{ w: 2 }, { w: 1 }]);
  expect((await blob.FirstN('photo', 1)).map(({ data }) => data)).toEqual([{ w: 1 }]);
  expect(await blob.Since('photo', 1)).toHaveLength(2);
  expect(await blob.Range('photo', 0, 5)).toHaveLength(1);
  expect(await blob.Length('photo')).toEqual({ length: 2 });
});

test('calls at the same time have each their own answer', async () => {
  const keys = ['one', 'two', 'three'];
  await Promise.all(keys.map((key) => kv.Write('many', key, { key })));
  expect(await Promise.all(keys.map((key) => kv.Read('many', key)))).toEqual(keys.map((key) => ({ key })));
});

test('KeyValueClient: three formats', async () => {
  expect(await kv.Write('a', 'key1', { test: 'data' }, 'JSON')).toBe('created');
  expect(await kv.Write('a', 'key2', '{"test":2}')).toBe('created');
  expect(await kv.Write('a', 'text', 'words', 'TEXT')).toBe('created');
  expect(await kv.Write('a', 'bytes', 'data12345', 'BINARY')).toBe('created');
  expect(await kv.Read('a', 'key1', 'JSON')).toEqual({ test: 'data' });
  expect(await kv.Read('a', 'text', 'TEXT')).toBe('words');
  expect(await kv.Read('a', 'bytes', 'BINARY')).toEqual(Buffer.from('data12345'));
  expect(await kv.Read('a', 'none')).toEqual({});
  expect(await kv.ListKeys('a')).toEqual(['key2', 'key1']);
});

test('observers are told JSON as text', async () => {
  const emitters = [
    await ts.Observe('seen', 0),
    await blob.Observe('seen', 60),
    await kv.Observe('seen'),
    await kv.ObserveKey('seen', 'k', 0, 'TEXT'),
  ];
  const told = Promise.all(emitters.map((emitter) => once(emitter, 'data')));
  await ts.Write('seen', { value: 1.5 });
  await blob.Write('seen', { a: [1] });
  await kv.Write('seen', 'other', { b: 2 });
  await kv.Write('seen', 'k', 'words', 'TEXT');
  const common = { timestamp: expect.any(Number) as number, datasourceid: 'seen', key: '' };
  expect(await told).toEqual([
    [{ ...common, data: '{"value":1.5}' }],
    [{ ...common, data: '{"a":[1]}' }],
    [{ ...common, key: 'other', data: '{"b":2}' }],
    [{ ...common, key: 'k', data: 'words' }],
  ]);
  const ends = Promise.all(emitters.map((emitter) => once(emitter, 'end')));
  ts.StopObserving('seen');
  blob.StopObserving('seen');
  kv.StopObserving('seen');
  kv.StopObserving('seen', 'k');
  await ends;
});

test('a datasource is registered as of the client’s kind; the catalogue is text', async () => {
  for (const client of [ts, blob, kv]) expect(await client.RegisterDatasource(sensor())).toBe('created');
  const text = await ts.GetDatasourceCatalogue();
  expect(typeof text).toBe('string');
  const { items } = JSON.parse(text) as { items: { href: string }[] };
  expect(items.map(({ href }) => href)).toEqual(['kv', 'ts/blob', 'ts'].map((kind) => `${endpoint}/${kind}/heat`));
  expect(items[0]).toEqual(
    await api.DataSourceMetadataToHypercat(`${endpoint}/kv/`, sensor({ Unit: '', Location: '' })),
  );
  expect(await kv.GetDatasourceCatalogue()).toBe(text);
});

test.each([[{}], [null], [{ Vendor: ' ' }], [{ StoreType: '' }]])(
  'incomplete metadata is refused: %j',
  async (given) => {
    const metadata = given === null || Object.keys(given).length === 0 ? given : sensor(given);
    await expect(kv.RegisterDatasource(metadata as OriginalMetadata)).rejects.toThrow(code('datasource.invalid'));
  },
);

test('an item can be read at once or awaited', async () => {
  const item = api.DataSourceMetadataToHypercat(
    `${endpoint}/ts/`,
    sensor({ StoreType: 'ts', Unit: 'K', Location: '' }),
  );
  const awaited = await api
    .DataSourceMetadataToHypercat(`${endpoint}/ts/`, sensor({ StoreType: 'ts', Unit: 'K', Location: '' }))
    .then((it) => it);
  expect(item.href).toBe(`${endpoint}/ts/heat`);
  expect(JSON.stringify(item)).toBe(JSON.stringify(awaited));
  expect('then' in awaited).toBe(false);
  const answer = await api.HypercatToSourceDataMetadata(JSON.stringify(item));
  expect(answer).toEqual({
    DataSourceMetadata: sensor({ StoreType: 'ts', Unit: 'K', Location: '' }),
    DataSourceURL: endpoint,
  });
  expect(await api.HypercatToSourceDataMetadata(awaited)).toEqual(answer);
  await expect(api.HypercatToSourceDataMetadata('{')).rejects.toThrow(code('datasource.invalid'));
});

test('a status is waited for, so many seconds', async () => {
  await api.waitForStoreStatus(`${endpoint}/ts/heat`, 'active');
  await expect(api.waitForStoreStatus(endpoint, 'standby', 1)).rejects.toThrow(/its status is active/);
  await expect(api.waitForStoreStatus('tcp://other-core-store:5555', 'active')).rejects.toThrow(
    code('permission.refused'),
  );
  await box.down();
  const waiting = api.waitForStoreStatus(endpoint, 'active', 3);
  await expect(api.waitForStoreStatus(endpoint, 'active', 0)).rejects.toThrow(code('unreachable'));
  await box.up();
  await waiting;
});

test('a token is for who asks the box otherwise', async () => {
  const token = await api.requestToken('driver-core-store', '/ts/x/*', 'GET');
  const use = { caller: '', target: 'driver-core-store', method: 'GET', path: '/ts/x/latest' } as const;
  expect(box.arbiter.verify(token, use).component).toBe('driver');
  await expect(api.requestToken('other-core-store', '/ts/x', 'GET')).rejects.toThrow(code('permission.refused'));
});

test('https credentials are key and certificate; outside a container there are none', () => {
  expect([api.getHttpsCredentials(), api.GetHttpsCredentials()]).toEqual([{}, {}]);
  const place = box.place('driver');
  const block = (what: string) => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`;
  writeFileSync(join(place.secrets, 'DATABOX.pem'), block('CERTIFICATE') + block('RSA PRIVATE KEY'));
  using databox = connect(place);
  const inside = createOriginalApi(() => databox);
  const pair = { key: block('RSA PRIVATE KEY'), cert: block('CERTIFICATE') };
  expect([inside.getHttpsCredentials(), inside.GetHttpsCredentials()]).toEqual([pair, pair]);
});
