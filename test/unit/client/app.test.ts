import { dataSourceMetadataToHypercat, newDataSourceMetadata, retry, type Databox } from '../../../src/client/index.ts';
import { startBox, type Box } from './box.ts';

let box: Box;
let clock = 0;
let driver: Databox;
beforeEach(async () => {
  clock = 0;
  box = await startBox(() => Date.now() + clock);
  driver = box.join('driver');
  permit();
});
afterEach(async () => box[Symbol.asyncDispose]());

const routes = ['/ts/blob/mem', '/ts/blob/mem/*'].map((path) => ({
  ...({ method: 'GET', path, target: 'driver-core-store' } as const),
}));
const permit = () => routes.forEach((route) => box.arbiter.grant('app', route, []));
const revoke = () => routes.forEach((route) => box.arbiter.revoke('app', route));
const item = (id: string) =>
  JSON.stringify(
    dataSourceMetadataToHypercat(
      'driver-core-store',
      newDataSourceMetadata({ dataSourceId: id, storeType: 'ts/blob' }),
    ),
  );
const joinApp = () => box.join('app', { DATASOURCE_MEM: item('mem'), DATASOURCE_MEM_2: item('mem2') });
const tokens = () => box.asked.filter((line) => line === 'POST /arbiter/token').length;

test('the chosen datasources are known by clientid, in order', () => {
  const app = joinApp();
  const { client, ...known } = app.datasource('MEM');
  expect(known).toMatchObject({ store: 'driver-core-store', storeType: 'ts/blob', id: 'mem' });
  expect(known.metadata).toMatchObject({ dataSourceType: 'mem', isActuator: false });
  expect(client.name).toBe('driver-core-store');
  expect(app.datasources('MEM').map(({ id }) => id)).toEqual(['mem', 'mem2']);
  expect(app.datasources('OTHER')).toEqual([]);
  expect(() => app.datasource('OTHER')).toThrow(/nothing for OTHER/);
});

test('an app reads what it was given and nothing else', async () => {
  await driver.store().tsBlob.write('mem', { free: 7 });
  const { client, id } = joinApp().datasource('MEM');
  expect((await client.tsBlob.latest(id))[0]?.data).toEqual({ free: 7 });
  await expect(client.tsBlob.latest('mem2')).rejects.toMatchObject({ code: 'permission.refused' });
  await expect(client.tsBlob.write('mem', {})).rejects.toMatchObject({ code: 'permission.refused' });
});

test('where the owner agreed to aggregates, they are read as agreed, and nothing else is', async () => {
  const grant = { method: 'GET', path: '/ts/heat/*', target: 'driver-core-store' } as const;
  box.arbiter.grant('app', grant, [{ 'minimum-sample-interval': 60_000 }]);
  for (const [at, value] of [
    [0, 1],
    [59_999, 3],
    [60_000, 9],
  ] as const) {
    await driver.store().ts.writeAt('heat', at, { value });
  }
  const metadata = newDataSourceMetadata({ dataSourceId: 'heat', storeType: 'ts' });
  const told = dataSourceMetadataToHypercat('driver-core-store', metadata);
  told['item-metadata'].push({ rel: 'urn:X-databox:rels:hasMinimumSampleInterval', val: 60_000 });
  const heat = box.join('app', { DATASOURCE_HEAT: JSON.stringify(told) }).datasource('HEAT');
  const { minimumSampleInterval = null } = heat.metadata;
  const query = { from: 0, everyMs: 60_000, aggregation: 'mean', minimumSampleInterval } as const;
  expect(await heat.client.ts.buckets('heat', query)).toEqual([
    { timestamp: 60_000, data: { value: 9 } },
    { timestamp: 0, data: { value: 2 } },
  ]);
  await expect(heat.client.ts.buckets('heat', { ...query, everyMs: 1 })).rejects.toMatchObject({
    code: 'token.forbidden',
  });
  await expect(heat.client.ts.since('heat', 0)).rejects.toMatchObject({ code: 'permission.refused' });
});

test('a grant of one path is enough for that path', async () => {
  revoke();
  box.arbiter.grant('app', { method: 'GET', path: '/ts/blob/mem/latest', target: 'driver-core-store' }, []);
  const { client } = joinApp().datasource('MEM');
  expect(await client.tsBlob.latest('mem')).toEqual([]);
  await expect(client.tsBlob.length('mem')).rejects.toMatchObject({ code: 'permission.refused' });
});

test('a token that was refused is renewed, once', async () => {
  const { client } = joinApp().datasource('MEM');
  await client.tsBlob.latest('mem');
  revoke();
  permit();
  const before = tokens();
  expect(await client.tsBlob.latest('mem')).toEqual([]);
  expect(tokens()).toBe(before + 1);
  revoke();
  await expect(client.tsBlob.latest('mem')).rejects.toMatchObject({ code: 'permission.refused' });
});

test('a token that the box never takes is not asked for again and again', async () => {
  const { client } = joinApp().datasource('MEM');
  box.extra['driver-core-store'] = (_, res) => void res.writeHead(401).end('{"code":"token.invalid","title":"no"}');
  await expect(client.tsBlob.latest('mem')).rejects.toMatchObject({ code: 'token.invalid', status: 401, title: 'no' });
  expect(tokens()).toBe(2);
});

test('a token is renewed before it ends', async () => {
  clock = -3_600_000 + 59_000;
  const { client } = joinApp().datasource('MEM');
  await client.tsBlob.latest('mem').catch(() => undefined);
  clock = 0;
  const before = tokens();
  await client.tsBlob.latest('mem');
  await client.tsBlob.latest('mem');
  expect(tokens()).toBe(before + 1);
});

test('observation: writes arrive as they happen, and go on after an interruption', async () => {
  const { client } = joinApp().datasource('MEM');
  const gaps: [string, number | undefined][] = [];
  const seen: unknown[] = [];
  const observed = (async () => {
    for await (const { data } of client.tsBlob.observe('mem', {
      onGap: (reason, since) => gaps.push([reason, since]),
    })) {
      seen.push(data);
      if (seen.length === 2) return;
    }
  })();
  const writeUntil = async (count: number) => {
    for (let n = 0; seen.length < count; n++) {
      await retry(() => driver.store().tsBlob.write('mem', { count, n }), { timeoutMs: 3_000 });
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  await writeUntil(1);
  await box.down();
  await box.stores.close('driver-core-store');
  await box.stores.open('driver-core-store');
  await box.up();
  await writeUntil(2);
  await observed;
  expect(seen).toMatchObject([{ count: 1 }, { count: 2 }]);
  expect(gaps).toEqual([['restarted', expect.any(Number)]]);
});

test('observation ends with the reason when the owner revokes, and with the signal', async () => {
  const { client } = joinApp().datasource('MEM');
  const until = async (signal?: AbortSignal) => {
    for await (const _event of client.tsBlob.observe('mem', { signal })) void _event;
  };
  const stop = new AbortController();
  const [revoked, stopped] = [until(), until(stop.signal)];
  await new Promise((done) => setTimeout(done, 200));
  stop.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
  revoke();
  box.stores.cut({ store: 'driver-core-store', component: 'app' });
  await expect(revoked).rejects.toMatchObject({ code: 'permission.refused' });
});

test('an export goes out with a token for its destination and is polled to its end', async () => {
  const destination = 'https://export.example/';
  box.arbiter.register({ name: 'export-service', type: 'system', key: 'k' });
  const route = { method: 'POST', path: '/lp/export', target: 'export-service' } as const;
  box.arbiter.grant('app', route, [{ destination }]);
  const bodies: { id: string; uri: string; data: string }[] = [];
  // The real service needs names and certificates of the outside: its own tests have them. This is its protocol.
  box.extra['export-service'] = (req, res) => {
    const use = { caller: '', target: 'export-service', method: 'POST', path: '/lp/export', destination };
    expect(box.arbiter.verify(String(req.headers['x-api-key']), use).component).toBe('app');
    const chunks: Buffer[] = [];
    req
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as (typeof bodies)[number]);
        const state = ['Pending', 'Processing', 'Finished'][bodies.length - 1];
        res.end(JSON.stringify({ id: 'job', state, ext_response: { status: '200 OK', body: 'thanks' } }));
      });
  };
  const app = joinApp();
  expect(await app.export.send(destination, { mean: 3 })).toMatchObject({ state: 'Finished', id: 'job' });
  expect(bodies.map(({ id }) => id)).toEqual(['', 'job', 'job']);
  expect(bodies[0]).toEqual({ id: '', uri: destination, data: '{"mean":3}' });
  await expect(app.export.longpoll('https://elsewhere.example/', {})).rejects.toMatchObject({ status: 403 });
});
