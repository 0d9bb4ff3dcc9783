import { newDataSourceMetadata, type Databox } from '../../../src/client/index.ts';
import { startBox, type Box } from './box.ts';

let box: Box;
let driver: Databox;
beforeAll(async () => {
  box = await startBox();
  driver = box.join('driver');
});
afterAll(async () => box[Symbol.asyncDispose]());

const data = (entries: { data: unknown }[]) => entries.map((entry) => entry.data);

test('a numeric series is written and read in every way', async () => {
  const { ts } = driver.store();
  for (const value of [1, 2, 3]) await ts.writeAt('load', value * 1_000, { value });
  expect(await ts.latest('load')).toEqual([{ timestamp: 3_000, data: { value: 3 } }]);
  expect(await ts.earliest('load')).toEqual([{ timestamp: 1_000, data: { value: 1 } }]);
  expect(data(await ts.lastN('load', 2))).toEqual([{ value: 3 }, { value: 2 }]);
  expect(data(await ts.firstN('load', 2))).toEqual([{ value: 1 }, { value: 2 }]);
  expect(data(await ts.since('load', 2_000))).toEqual([{ value: 3 }, { value: 2 }]);
  expect(data(await ts.range('load', 1_000, 2_000))).toEqual([{ value: 2 }, { value: 1 }]);
  expect(await ts.length('load')).toBe(3);
  const before = Date.now();
  await ts.write('load', { value: 9 });
  expect((await ts.latest('load'))[0]?.timestamp).toBeGreaterThanOrEqual(before);
});

test('what would be another path is refused before it is sent, and nothing is asked', async () => {
  const { ts, kv, functions } = driver.store();
  const before = box.asked.length;
  const refused = { code: 'path.invalid', status: 0 };
  for (const odd of ['a/b', '/', 'a/at/5', '\ud800']) {
    await expect(ts.write(odd, { value: 1 })).rejects.toMatchObject(refused);
    await expect(ts.writeAt(odd, 1, { value: 1 })).rejects.toMatchObject(refused);
    await expect(ts.import(odd, [])).rejects.toMatchObject(refused);
    await expect(kv.read('settings', odd)).rejects.toMatchObject(refused);
    await expect(functions.call(odd)).rejects.toMatchObject(refused);
    await expect(functions.register(odd, () => 1)).rejects.toMatchObject(refused);
    const filter = { tag: 'room', type: 'equals', value: odd } as const;
    await expect(ts.since('load', 0, { filter })).rejects.toMatchObject(refused);
  }
  expect(box.asked).toHaveLength(before);
});

test('a batch is what a read answers, and all or nothing', async () => {
  const { ts, tsBlob } = driver.store();
  const points = [3, 2, 1].map((at) => ({ timestamp: at, data: { value: at, room: `r${at}` } }));
  expect(await ts.batch('many', points)).toBe(3);
  expect(await ts.since('many', 0)).toEqual(points);
  await expect(ts.batch('many', [{ data: { value: 1 } }, { data: {} as never }])).rejects.toMatchObject({
    ...{ code: 'value.invalid', status: 400 },
  });
  expect(await ts.length('many')).toBe(3);
  expect(await tsBlob.batch('papers', [{ timestamp: 7, data: ['x'] }])).toBe(1);
  expect(await tsBlob.latest('papers')).toEqual([{ timestamp: 7, data: ['x'] }]);
});

test('any number of entries come one after the other, in pages', async () => {
  const { ts, tsBlob } = driver.store();
  const points = Array.from({ length: 2_300 }, (_, n) => ({
    timestamp: n,
    data: { value: n, parity: n % 2 ? 'odd' : 'even' },
  }));
  await ts.batch('walked', points);
  const values = async (query?: Parameters<typeof ts.entries>[1]) => {
    const found: number[] = [];
    for await (const { data: point } of ts.entries('walked', query)) found.push(point.value);
    return found;
  };
  const before = box.asked.length;
  expect(await values()).toEqual(points.map(({ timestamp }) => timestamp).reverse());
  expect(box.asked.slice(before).filter((line) => line.includes('limit=1000'))).toHaveLength(3);
  const filter = { tag: 'parity', type: 'equals', value: 'odd' } as const;
  expect(await values({ from: 10, to: 14, filter })).toEqual([13, 11]);
  for await (const { timestamp } of ts.entries('walked')) {
    expect(timestamp).toBe(2_299);
    break;
  }
  for await (const entry of tsBlob.entries('nobody')) expect(entry).toBeUndefined();
});

test('filters and aggregations are answered by the store', async () => {
  const { ts } = driver.store();
  await ts.writeAt('room', 1, { value: 10, place: 'attic' });
  await ts.writeAt('room', 2, { value: 20, place: 'cellar' });
  const filter = { tag: 'place', type: 'equals', value: 'attic' } as const;
  expect(data(await ts.lastN('room', 9, { filter }))).toEqual([{ value: 10, place: 'attic' }]);
  expect(await ts.range('room', 0, 9, { aggregation: 'mean' })).toBe(15);
  expect(await ts.since('room', 0, { filter, aggregation: 'sum' })).toBe(10);
  expect(await ts.lastN('nothing', 9, { aggregation: 'mean' })).toBeUndefined();
});

test('any number of entries is imported, once', async () => {
  const { ts, tsBlob } = driver.store();
  const before = box.asked.length;
  async function* points(count: number) {
    for (let timestamp = 0; timestamp < count; timestamp++) yield { timestamp, data: { value: timestamp } };
    await Promise.resolve();
  }
  expect(await ts.import('imported', points(12_000))).toBe(12_000);
  expect(box.asked.slice(before).filter((asked) => asked.includes('/batch')).length).toBeGreaterThan(1);
  expect(await ts.import('imported', points(12_001))).toBe(1);
  expect(await ts.length('imported')).toBe(12_001);
  expect(await tsBlob.import('papers-in', [{ timestamp: 7, data: ['x'] }])).toBe(1);
  expect(await tsBlob.import('papers-in', [])).toBe(0);
});

test('an import outlasts a box that is away for a moment', async () => {
  await box.down();
  const importing = driver.store().ts.import('patient', [{ timestamp: 1, data: { value: 1 } }]);
  await new Promise((done) => setTimeout(done, 300));
  await box.up();
  expect(await importing).toBe(1);
  expect(await driver.store().ts.length('patient')).toBe(1);
});

test('an import that is refused ends with the box’s reason', async () => {
  const bad = driver.store().ts.import('bad', [{ timestamp: 1, data: { value: 'x' } as never }]);
  await expect(bad).rejects.toMatchObject({ code: 'value.invalid', status: 400 });
});

test('a blob series takes any object', async () => {
  const { tsBlob } = driver.store();
  await tsBlob.write('photo', { tags: ['cat'], size: { w: 1 } });
  expect(data(await tsBlob.latest('photo'))).toEqual([{ tags: ['cat'], size: { w: 1 } }]);
  expect(await tsBlob.latest('none')).toEqual([]);
});

test('key/value: JSON, text and binary are three namespaces', async () => {
  const { kv } = driver.store();
  await kv.write('settings', 'a', { on: true });
  await kv.write('settings', 'a', 'text ü');
  await kv.write('settings', 'a', Buffer.from([0, 255]));
  expect(await kv.read('settings', 'a')).toEqual({ on: true });
  expect(await kv.read('settings', 'a', 'text')).toBe('text ü');
  expect(await kv.read('settings', 'a', 'binary')).toEqual(Buffer.from([0, 255]));
  await kv.write('settings', 'b c/d'.replace('/', ' '), { n: 2 });
  expect(await kv.listKeys('settings')).toEqual(['b c d', 'a']);
  await kv.delete('settings', 'a', 'text');
  expect(await kv.read('settings', 'a', 'text')).toBe('');
  expect(await kv.read('settings', 'a')).toEqual({ on: true });
});

test('key/value: of those who change the same value one succeeds', async () => {
  const { kv } = driver.store();
  const none = await kv.readTagged('shared', 'a');
  expect(none).toEqual({ value: {}, etag: undefined });
  const etag = await kv.replace('shared', 'a', { ...none, value: { n: 1 } });
  expect(await kv.readTagged('shared', 'a')).toEqual({ value: { n: 1 }, etag });
  await expect(kv.replace('shared', 'a', { ...none, value: { n: 9 } })).rejects.toMatchObject({
    ...{ code: 'precondition.failed', status: 412 },
  });
  const writes = await Promise.allSettled([2, 3, 4].map((n) => kv.replace('shared', 'a', { etag, value: { n } })));
  expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await expect(kv.remove('shared', 'a', { etag })).rejects.toMatchObject({ code: 'precondition.failed' });
  const { etag: last = '' } = await kv.readTagged('shared', 'a');
  await kv.remove('shared', 'a', { etag: last });
  expect(await kv.read('shared', 'a')).toEqual({});
});

test('a registered datasource is in the catalogue', async () => {
  const metadata = newDataSourceMetadata({ dataSourceId: 'light', storeType: 'ts', unit: 'lx', isActuator: true });
  const item = await driver.store().registerDatasource(metadata);
  expect(item.href).toBe('tcp://driver-core-store:5555/ts/light');
  expect((await driver.store().getDatasourceCatalogue()).items).toEqual([item]);
});

test('one token serves all reads of a datasource, and another all writes', async () => {
  const fresh = box.join('driver').store();
  const before = box.asked.length;
  await Promise.all([1, 2, 3].map((value) => fresh.ts.writeAt('cached', value, { value })));
  for (const n of [1, 2]) await fresh.ts.lastN('cached', n);
  await fresh.ts.since('cached', 0);
  expect(box.asked.slice(before).filter((line) => line === 'POST /arbiter/token')).toHaveLength(2);
});

test('what the box refuses has its code, status and sentence', async () => {
  const foreign = driver.store('tcp://other-core-store:5555/ts/x');
  await expect(foreign.ts.latest('x')).rejects.toMatchObject({
    ...{ name: 'DataboxError', code: 'permission.refused', status: 403 },
    title: expect.stringContaining('no permission') as unknown,
  });
  await expect(driver.store().ts.write('x', { value: 'no number' } as never)).rejects.toMatchObject({
    code: 'value.invalid',
    status: 400,
  });
});

test('waitForStore waits until the box answers', async () => {
  await box.down();
  const waits: number[] = [];
  const ready = box
    .join('driver')
    .store()
    .waitForStore({ onFailure: (_, ms) => waits.push(ms) });
  await new Promise((done) => setTimeout(done, 100));
  await box.up();
  await ready;
  expect(waits.length).toBeGreaterThan(0);
});

test('waitForStore gives up when its time is over, and at once when it is not permitted', async () => {
  const absent = box.join('driver').store();
  await box.down();
  await expect(absent.waitForStore({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'unreachable', status: 0 });
  await box.up();
  await expect(driver.store('other-core-store').waitForStore()).rejects.toMatchObject({ code: 'permission.refused' });
});
