/** What a store tells the ledger: who used which datasource and how much, who moved something, who was refused. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/base/errors.ts';
import { datasourcesOf } from '../../../src/store/accounts.ts';
import type { StoreLedger } from '../../../src/store/index.ts';
import { authorise, startStore, store } from './harness.ts';

type Use = Parameters<StoreLedger['count']>[0];
const owner = 'driver-test';

async function accounted({ broken = false } = {}) {
  const uses: Use[] = [];
  const deeds: unknown[] = [];
  const told: string[] = [];
  const ledger: StoreLedger = {
    count: (use) => void uses.push(use),
    async actuated({ component, path, facts }) {
      await sleep(5);
      if (broken) throw new Failure('ledger.unavailable', 'the disk is full');
      deeds.push([component, path, facts]);
      told.push('recorded');
    },
    async refused({ target, method, path, failure }) {
      await sleep(5);
      deeds.push([target, method, path, failure.code]);
      told.push('recorded');
    },
  };
  const it = await startStore({ ledger, authorise });
  return { ...it, uses, deeds, told };
}
const point = '{"value":21.5}';
const write = (path: string, token = owner, body = point) => ({ method: 'POST', path, token, body });

test.each([
  ['/ts/a', ['/ts/a']],
  ['/ts/a/at/17', ['/ts/a']],
  ['/ts/a,b/range/1/2/sum', ['/ts/a', '/ts/b']],
  ['/ts/blob/x/latest', ['/ts/blob/x']],
  ['/kv/settings/theme', ['/kv/settings']],
  ['/cat', ['/cat']],
  ['/notification/request/double/job-1', ['/notification/request/double']],
  ['/notification/response/double/job-1', ['/notification/request/double']],
  ['/status', []],
])('%s is about %j', (path, expected) => expect(datasourcesOf(path)).toEqual(expected));

test('reads and writes are counted with their bytes, for whoever did them', async () => {
  await using it = await accounted();
  await it.ask(write('/ts/a'));
  await it.ask(write('/ts/a/batch', owner, '[{"data":{"value":1}},{"data":{"value":2}}]'));
  const read = await it.ask({ path: '/ts/a/last/2', token: 'app' });
  await it.ask({ path: '/ts/a/length', token: 'app' });
  await it.ask({ method: 'DELETE', path: '/ts/a/latest', token: owner });
  await it.ask({ path: '/status', token: 'app' });
  const of = { store, datasource: '/ts/a' };
  expect(it.uses).toEqual([
    { component: owner, ...of, writes: 1, writtenBytes: point.length },
    { component: owner, ...of, writes: 1, writtenBytes: 43 },
    { component: 'app', ...of, reads: 1, readBytes: read.bytes.length },
    { component: 'app', ...of, reads: 1, readBytes: '{"length":3}'.length },
    { component: owner, ...of, writes: 1, writtenBytes: 0 },
  ]);
});

test('a join is shared out, a page and a value count, what was refused or wrong does not', async () => {
  await using it = await accounted();
  const join = await it.ask({ path: '/ts/a,b/latest', token: 'app' });
  const page = await it.ask({ path: '/ts/a/since/0?limit=5', token: 'app' });
  const value = await it.ask({ path: '/kv/a/k', token: 'app' });
  await it.ask({ path: '/ts/a/nonsense', token: 'app' });
  await it.ask(write('/ts/a', owner, 'x'));
  await it.ask({ path: '/ts/a/latest', token: 'forged' });
  expect(it.uses.map(({ datasource, reads, readBytes }) => [datasource, reads, readBytes])).toEqual([
    ['/ts/a', 1, Math.ceil(join.bytes.length / 2)],
    ['/ts/b', 1, Math.floor(join.bytes.length / 2)],
    ['/ts/a', 1, page.bytes.length],
    ['/kv/a', 1, value.bytes.length],
  ]);
});

test('a long answer counts what was sent of it, part by part', async () => {
  await using it = await accounted();
  const many = JSON.stringify(Array.from({ length: 5_000 }, (_, at) => ({ timestamp: at, data: { value: at } })));
  await it.ask(write('/ts/a/batch', owner, many));
  const read = await it.ask({ path: '/ts/a/since/0', token: 'app' });
  await sleep(20);
  expect(it.uses.at(-1)).toMatchObject({ component: 'app', reads: 1, readBytes: read.bytes.length });
});

test('an observer reads what it is told', async () => {
  await using it = await accounted();
  const stream = await it.open({ path: '/ts/*', token: 'app', headers: { accept: 'text/event-stream' } });
  stream.resume();
  await it.ask(write('/ts/a'));
  expect(it.uses).toMatchObject([
    { component: 'app', datasource: '/ts/a', reads: 1, readBytes: point.length },
    { component: owner, datasource: '/ts/a', writes: 1 },
  ]);
  stream.destroy();
});

test('the owner’s reads, watches and backups are counted as the owner’s; the box’s own looks are nobody’s', async () => {
  await using it = await accounted();
  await it.stores.catalogue(store);
  const { body } = await it.stores.read(store, '/ts/a/latest');
  const end = it.stores.watch(store, '/ts/a', { tell: () => true, end: () => {} });
  await it.ask(write('/ts/a'));
  end();
  const { content } = await it.stores.backup(store, { component: owner, type: 'driver', origin: 'owner' });
  content.destroy();
  expect(it.uses.filter(({ component }) => component === 'owner')).toMatchObject([
    { datasource: '/ts/a', reads: 1, readBytes: body.length },
    { datasource: '/ts/a', reads: 1, readBytes: point.length },
    { datasource: '*', reads: 1 },
  ]);
});

const actuator = (href: string, val: unknown) =>
  JSON.stringify({
    href,
    'item-metadata': [
      { rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'Lamp' },
      { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/json' },
      { rel: 'urn:X-databox:rels:hasDatasourceid', val: 'lamp' },
      { rel: 'urn:X-databox:rels:hasStoreType', val: 'kv' },
      { rel: 'urn:X-databox:rels:isActuator', val },
    ],
  });

test('what another component writes, and what anybody writes to an actuator, is on record before it is acknowledged', async () => {
  await using it = await accounted();
  const lamp = `tcp://${store}:5555/kv/lamp`;
  await it.ask(write('/kv/lamp/on', owner, '{}'));
  expect(it.deeds).toEqual([]);
  expect((await it.ask(write('/cat', owner, actuator(lamp, 'True')))).status).toBe(201);
  expect((await it.ask(write('/kv/lamp/on', owner, '{}'))).status).toBe(201);
  it.told.push('answered');
  await it.ask(write('/kv/lamp/on', 'app', '{"on":true}'));
  it.told.push('answered');
  await it.ask({ method: 'DELETE', path: '/kv/lamp/on', token: 'app' });
  await it.ask(write('/ts/a/batch', 'app', '[{"data":{"value":1}}]'));
  expect(it.deeds).toEqual([
    [owner, '/kv/lamp/on', { method: 'POST', bytes: 2 }],
    ['app', '/kv/lamp/on', { method: 'POST', bytes: 11 }],
    ['app', '/kv/lamp/on', { method: 'DELETE', bytes: 0 }],
    ['app', '/ts/a/batch', { method: 'POST', bytes: 22 }],
  ]);
  expect(it.told.slice(0, 4)).toEqual(['recorded', 'answered', 'recorded', 'answered']);
});

test('a call is on record before its function is told, and counted for both sides', async () => {
  await using it = await accounted();
  const [request, response] = ['request', 'response'].map((part) => `/notification/${part}/double/1`);
  await it.ask(write(request ?? '', 'app', '{"value":2}'));
  expect([it.deeds, it.uses]).toEqual([[], []]); // nobody offers it
  const path = '/notification/request/double/*?observe=notification';
  const provider = await it.open({ path, token: owner, headers: { accept: 'text/event-stream' } });
  provider.on('data', (part: Buffer) => part.includes('"value"') && it.told.push('told'));
  await it.ask(write(request ?? '', 'app', '{"value":2}'));
  await it.ask(write(response ?? '', owner, '{"value":4}'));
  await it.ask({ path: response ?? '', token: 'app' });
  provider.destroy();
  expect(it.told).toEqual(['recorded', 'told']);
  expect(it.deeds).toEqual([['app', request, { method: 'POST', bytes: 11 }]]);
  const of = { store, datasource: '/notification/request/double' };
  expect(it.uses).toEqual([
    { component: owner, ...of, reads: 1, readBytes: 11 },
    { component: 'app', ...of, writes: 1, writtenBytes: 11 },
    { component: owner, ...of, writes: 1, writtenBytes: 11 },
    { component: 'app', ...of, reads: 1, readBytes: 11 },
  ]);
});

test('an actuator is known again when its store is opened anew', async () => {
  await using it = await accounted();
  await it.ask(write('/cat', owner, actuator(`tcp://${store}:5555/kv/lamp`, true)));
  await it.stores.close(store);
  await it.stores.open(store);
  await it.ask(write('/kv/lamp/on', owner, '{}'));
  expect(it.deeds).toEqual([[owner, '/kv/lamp/on', { method: 'POST', bytes: 2 }]]);
});

test('what cannot be put on record does not happen', async () => {
  await using it = await accounted({ broken: true });
  const refused = await it.ask(write('/kv/lamp/on', 'app', '{"on":true}'));
  expect([refused.status, JSON.parse(refused.body)]).toMatchObject([503, { code: 'ledger.unavailable' }]);
  expect((await it.ask({ path: '/kv/lamp/on', token: owner })).body).toBe('{}');
  expect((await it.ask(write('/kv/own/x', owner, '{"on":true}'))).status).toBe(201);
});

test('a refusal is on record before it is answered', async () => {
  await using it = await accounted();
  for (const [token, path] of [
    ['', '/ts/a'],
    ['forged', '/ts/a'],
    ['app GET /ts/a', '/ts/b/latest'],
    ['app', '/ts/../b'],
  ]) {
    expect((await it.ask({ path: path ?? '', token: token ?? '' })).status).toBeGreaterThanOrEqual(400);
    it.told.push('answered');
  }
  expect(it.deeds).toEqual([
    [store, 'GET', '/ts/a', 'token.missing'],
    [store, 'GET', '/ts/a', 'token.invalid'],
    [store, 'GET', '/ts/b/latest', 'token.forbidden'],
    [store, 'GET', '/ts/../b', 'path.invalid'],
  ]);
  expect(it.told.join(' ')).toBe('recorded answered recorded answered recorded answered recorded answered');
});
