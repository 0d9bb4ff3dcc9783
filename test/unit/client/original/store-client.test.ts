/** The 0.10 face: every member with its arguments and result, against a real store and arbiter. */
import { createOriginalApi, type OriginalMetadata, type OriginalStoreClient } from '../../../../src/client/index.ts';
import { startBox, type Box } from '../box.ts';

let box: Box;
let client: OriginalStoreClient;
const endpoint = 'tcp://driver-core-store:5555';
beforeAll(async () => {
  box = await startBox();
  client = apiOf('driver').NewStoreClient(endpoint, 'tcp://arbiter:4444', false);
});
afterAll(async () => box[Symbol.asyncDispose]());

const apiOf = (name: string) => {
  const databox = box.join(name);
  return createOriginalApi(() => databox);
};
const entries = (values: number[]) => values.map((value) => ({ timestamp: value * 10, data: { value } }));
const refused = (code: string) => expect.objectContaining({ name: 'DataboxError', code }) as Error;

describe('TS', () => {
  beforeAll(async () => {
    for (const value of [1, 2, 3]) await client.TS.WriteAt('load', value * 10, { value });
    for (const [at, value, room] of [
      [1, 10, 'attic'],
      [2, 20, 'cellar'],
      [3, 40, 'attic room'],
    ] as const)
      // prettier-ignore
      await client.TS.WriteAt('room', at, { value, room });
  });
  test('writes resolve to created, with the time of arrival or the one given', async () => {
    const before = Date.now();
    expect(await client.TS.Write('now', { value: 1 })).toBe('created');
    expect(await client.TS.WriteAt('now', 5, '{"value":2,"tag":"text"}')).toBe('created');
    const [newest, oldest] = await client.TS.LastN('now', 9);
    expect(newest).toEqual({ timestamp: expect.any(Number) as number, data: { value: 1 } });
    expect(newest?.timestamp).toBeGreaterThanOrEqual(before);
    expect(oldest).toEqual({ timestamp: 5, data: { value: 2, tag: 'text' } });
  });
  test.each([
    ['Latest', () => client.TS.Latest('load'), entries([3])],
    ['Latest of none', () => client.TS.Latest('none'), []],
    ['Earliest', () => client.TS.Earliest('load'), entries([1])],
    ['Earliest of none', () => client.TS.Earliest('none'), []],
    ['LastN, newest first', () => client.TS.LastN('load', 2), entries([3, 2])],
    ['FirstN, oldest first', () => client.TS.FirstN('load', 2), entries([1, 2])],
    ['Since, included, newest first', () => client.TS.Since('load', 20), entries([3, 2])],
    ['Range, both included, newest first', () => client.TS.Range('load', 10, 20), entries([2, 1])],
    ['Length', () => client.TS.Length('load'), { length: 3 }],
    ['Length of none', () => client.TS.Length('none'), { length: 0 }],
    ['ids that are numbers', () => client.TS.Length(7), { length: 0 }],
    ['a join', () => client.TS.Latest('load,room'), [...entries([3]), { timestamp: 3, data: { value: 40, room: 'attic room' } }]], // prettier-ignore
  ])('%s', async (_claim, ask, answer) => expect(await ask()).toEqual(answer));

  test.each([
    ['LastN sum', () => client.TS.LastN('load', 2, 'sum'), { result: 5 }],
    ['FirstN mean', () => client.TS.FirstN('load', 2, 'mean'), { result: 1.5 }],
    ['Since max', () => client.TS.Since('load', 0, 'max'), { result: 3 }],
    ['Range min', () => client.TS.Range('load', 15, 30, 'min'), { result: 2 }],
    ['median', () => client.TS.LastN('load', 3, 'median'), { result: 2 }],
    ['sd', () => client.TS.LastN('load', 2, 'sd'), { result: 0.7071067811865476 }],
    ['count', () => client.TS.LastN('load', 9, 'count'), { result: 3 }],
    ['count of none', () => client.TS.LastN('none', 9, 'count'), { result: 0 }],
    ['sum of none', () => client.TS.LastN('none', 9, 'sum'), {}],
    ['a filter and an aggregation', () => client.TS.Since('room', 0, 'sum', 'room', 'contains', 'attic'), { result: 50 }], // prettier-ignore
    ['a filter alone', () => client.TS.LastN('room', 9, '', 'room', 'equals', 'cellar'), [{ timestamp: 2, data: { value: 20, room: 'cellar' } }]], // prettier-ignore
    ['a filter that lacks its text is none', () => client.TS.Range('room', 1, 1, '', 'room', 'equals'), [{ timestamp: 1, data: { value: 10, room: 'attic' } }]], // prettier-ignore
    ['a filter after the selection', () => client.TS.FirstN('room', 1, undefined, 'room', 'equals', 'cellar'), []],
  ])('%s', async (_claim, ask, answer) => expect(await ask()).toEqual(answer));
});

test('TSBlob: any object or array, with the same reads', async () => {
  const { TSBlob } = client;
  expect(await TSBlob.WriteAt('photo', 1, { size: { w: 1 } })).toBe('created');
  expect(await TSBlob.WriteAt('photo', 2, '["a"]')).toBe('created');
  const [first, second] = [{ timestamp: 1, data: { size: { w: 1 } } }, { timestamp: 2, data: ['a'] }]; // prettier-ignore
  expect(await TSBlob.Latest('photo')).toEqual([second]);
  expect(await TSBlob.Earliest('photo')).toEqual([first]);
  expect(await TSBlob.LastN('photo', 5)).toEqual([second, first]);
  expect(await TSBlob.FirstN('photo', 5)).toEqual([first, second]);
  expect(await TSBlob.Since('photo', 2)).toEqual([second]);
  expect(await TSBlob.Range('photo', 0, 1)).toEqual([first]);
  expect(await TSBlob.Length('photo')).toEqual({ length: 2 });
  expect(await TSBlob.Write('photo', {})).toBe('created');
  expect(await TSBlob.Length('photo')).toEqual({ length: 3 });
  expect(await TSBlob.LastN('none', 50)).toEqual([]);
});

test('KV: three formats, three namespaces', async () => {
  const { KV } = client;
  expect(await KV.Write('lounge', 'lamp', { on: true })).toBe('created');
  expect(await KV.Write('lounge', 'lamp', 'warm ü', 'TEXT')).toBe('created');
  expect(await KV.Write('lounge', 'lamp', Buffer.from([0, 255]), 'BINARY')).toBe('created');
  expect(await KV.Write('lounge', 'door', '[1]', 'JSON')).toBe('created');
  expect(await KV.Read('lounge', 'lamp')).toEqual({ on: true });
  expect(await KV.Read('lounge', 'lamp', 'TEXT')).toBe('warm ü');
  expect(await KV.Read('lounge', 'lamp', 'BINARY')).toEqual(Buffer.from([0, 255]));
  expect(await KV.Read('lounge', 'door', 'json' as 'JSON')).toEqual([1]);
  expect(await KV.ListKeys('lounge')).toEqual(['door', 'lamp']);
  expect(await KV.ListKeys('nobody')).toEqual([]);
  expect([await KV.Read(1, 'x'), await KV.Read(1, 'x', 'TEXT'), await KV.Read(1, 'x', 'BINARY')]).toEqual([
    ...[{}, '', Buffer.alloc(0)],
  ]);
  expect(await KV.Write('lounge', 'n', 5, 'TEXT')).toBe('created');
  expect(await KV.Read('lounge', 'n', 'TEXT')).toBe('5');
  expect(await KV.Write('lounge', 'b', 'text', 'BINARY')).toBe('created');
  expect(await KV.Read('lounge', 'b', 'BINARY')).toEqual(Buffer.from('text'));
});

const filledIn = (rest: Partial<OriginalMetadata> = {}): OriginalMetadata => ({
  ...client.NewDataSourceMetadata(),
  ...{ Description: 'A lamp', ContentType: 'JSON', Vendor: 'You', DataSourceType: 'lamp', DataSourceID: 'lamp' },
  ...{ StoreType: 'kv', IsActuator: true, Unit: '', Location: 'attic', ...rest },
});
const item = {
  'item-metadata': [
    { rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'A lamp' },
    { rel: 'urn:X-hypercat:rels:isContentType', val: 'JSON' },
    { rel: 'urn:X-databox:rels:hasVendor', val: 'You' },
    { rel: 'urn:X-databox:rels:hasType', val: 'lamp' },
    { rel: 'urn:X-databox:rels:hasDatasourceid', val: 'lamp' },
    { rel: 'urn:X-databox:rels:hasStoreType', val: 'kv' },
    { rel: 'urn:X-databox:rels:isActuator', val: true },
    { rel: 'urn:X-databox:rels:hasLocation', val: 'attic' },
  ],
  href: `${endpoint}/kv/lamp`,
};

test('a registered datasource is in the catalogue, newest first', async () => {
  expect(await client.RegisterDatasource(filledIn({ DataSourceID: 'older', StoreType: 'ts/blob' }))).toBe('created');
  expect(await client.RegisterDatasource(filledIn())).toBe('created');
  const catalogue = await client.GetDatasourceCatalogue();
  expect(catalogue['catalogue-metadata'][0]?.rel).toBe('urn:X-hypercat:rels:isContentType');
  expect(catalogue.items.map(({ href }) => href)).toEqual([`${endpoint}/kv/lamp`, `${endpoint}/ts/blob/older`]);
  expect(catalogue.items[0]).toEqual(item);
});

test('a text that is only one space passes as filled in', async () => {
  expect(await client.RegisterDatasource({ ...client.NewDataSourceMetadata(), StoreType: 'ts' })).toBe('created');
});

test.each([
  ['nothing', {}, /lacks Description, ContentType/],
  ['null', null, /lacks/],
  ['no vendor', { Vendor: '' }, /lacks Vendor \(/],
  ['another kind of store', { StoreType: 'fish/pie' }, /StoreType is kv, ts or ts\/blob, not "fish\/pie"/],
])('metadata is refused: %s', async (what, given, words) => {
  const metadata = what === 'nothing' || given === null ? given : filledIn(given);
  const answer = client.RegisterDatasource(metadata as OriginalMetadata);
  await expect(answer).rejects.toThrow(words);
  await expect(answer).rejects.toThrow(refused('datasource.invalid'));
});

test('metadata, items and endpoints are made of each other', () => {
  const api = apiOf('driver');
  const blank = { Description: ' ', ContentType: ' ', Vendor: ' ', DataSourceType: ' ', DataSourceID: ' ' };
  const empty = { ...blank, StoreType: ' ', IsActuator: false, Unit: ' ', Location: ' ' };
  expect(api.NewDataSourceMetadata()).toEqual(empty);
  expect(client.NewDataSourceMetadata()).toEqual(empty);
  expect(api.DataSourceMetadataToHypercat(`${endpoint}/kv/`, filledIn())).toEqual(item);
  expect(api.DataSourceMetadataToHypercat(filledIn())).toEqual(item);
  expect(api.HypercatToDataSourceMetadata(item)).toEqual(filledIn({ Unit: ' ' }));
  expect(api.HypercatToDataSourceMetadata(JSON.stringify(item))).toEqual(filledIn({ Unit: ' ' }));
  expect(api.GetStoreURLFromHypercat(item)).toBe(endpoint);
  expect(api.GetStoreURLFromHypercat(JSON.stringify(item))).toBe(endpoint);
  for (const bad of ['no JSON', '{}', { ...item, href: undefined as unknown as string }, null as unknown as string])
    expect(() => api.HypercatToDataSourceMetadata(bad)).toThrow(refused('datasource.invalid'));
  expect(() => api.GetStoreURLFromHypercat({ ...item, href: 'nowhere' })).toThrow(refused('datasource.invalid'));
});

test.each([
  ['no JSON', 'no JSON', 'JSON'],
  ['a number as JSON', 5, 'JSON'],
  ['a text as JSON', '"text"', 'JSON'],
  ['a buffer as JSON', Buffer.from('{}'), 'JSON'],
  ['nothing', undefined, 'TEXT'],
  ['an object as binary', {}, 'BINARY'],
  ['another format', 'x', 'XML'],
])('KV refuses %s and asks nobody', async (_claim, payload, format) => {
  const before = box.asked.length;
  await expect(client.KV.Write('a', 'b', payload, format as 'JSON')).rejects.toThrow(refused('value.invalid'));
  expect(box.asked.length).toBe(before);
});

test('what the box refuses has its code and status', async () => {
  const app = apiOf('app').NewStoreClient(endpoint);
  await expect(app.TS.Latest('load')).rejects.toMatchObject({ code: 'permission.refused', status: 403 });
  await expect(client.TS.Write('x', { value: 'text' } as never)).rejects.toMatchObject({ code: 'value.invalid', status: 400 }); // prettier-ignore
  await expect(client.TS.LastN('x', -1)).rejects.toMatchObject({ code: 'value.invalid', status: 400 });
  await expect(client.TS.LastN('x', 1, 'avg' as 'mean')).rejects.toMatchObject({ code: 'path.unknown', status: 404 });
  await expect(client.TSBlob.Write('a,b', {})).rejects.toMatchObject({ code: 'path.invalid', status: 400 });
  await box.down();
  const away = apiOf('driver').NewStoreClient(endpoint);
  await expect(away.TS.Latest('load')).rejects.toMatchObject({ code: 'unreachable', status: 0 });
  await box.up();
});

test('a store is named by an endpoint, a href, a host name, or not at all', async () => {
  await client.TS.WriteAt('named', 1, { value: 1 });
  const api = apiOf('driver');
  for (const name of [
    endpoint,
    `${endpoint}/ts/named`,
    'https://driver-core-store:8080',
    'driver-core-store',
    undefined,
  ])
    expect(await api.NewStoreClient(name).TS.Length('named')).toEqual({ length: 1 });
  // What programs written for the original have for a store at an author's desk.
  expect(await api.NewStoreClient('tcp://127.0.0.1:5555', 'tcp://127.0.0.1:4444').TS.Length('named')).toEqual({
    length: 1,
  });
  expect(() => api.NewStoreClient('://')).toThrow(refused('environment.invalid'));
});

test('with logging each call is on standard error, and no data', async () => {
  const lines: unknown[] = [];
  const { error } = console;
  console.error = (line: unknown) => lines.push(line);
  try {
    const loud = apiOf('driver').NewStoreClient(endpoint, undefined, true);
    await loud.TS.Write('secretive', { value: 12345 });
    await loud.KV.Write('a', 'b', 'secret', 'XML' as 'JSON').catch(() => undefined);
    loud.TS.StopObserving('secretive');
  } finally {
    console.error = error;
  }
  expect(lines).toEqual([
    expect.stringMatching(/^databox: StoreClient\.TS\.Write\(secretive\) took \d+ ms$/),
    expect.stringMatching(/^databox: StoreClient\.KV\.Write\(a\) failed: DataboxError: .* after \d+ ms$/),
  ]);
});
