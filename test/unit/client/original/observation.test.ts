/** Observation as the original's programs see it: an emitter that outlives interruptions, and says when it does not. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createOriginalApi,
  retry,
  type ObservationEmitter,
  type OriginalStoreClient,
} from '../../../../src/client/index.ts';
import { startBox, type Box } from '../box.ts';

let box: Box;
let client: OriginalStoreClient;
beforeEach(async () => {
  box = await startBox();
  client = clientOf('driver');
});
afterEach(async () => box[Symbol.asyncDispose]());

const clientOf = (name: string) => {
  const databox = box.join(name);
  return createOriginalApi(() => databox).NewStoreClient('tcp://driver-core-store:5555');
};
const asking = { method: 'GET', path: '/ts/mem', target: 'driver-core-store' } as const;
/** Everything that an emitter says, and a wait for so much of it. */
const heard = (emitter: ObservationEmitter) => {
  const said: [event: string, what?: unknown][] = [];
  for (const event of ['data', 'gap', 'error'] as const) emitter.on(event, (what: unknown) => said.push([event, what]));
  emitter.on('end', () => said.push(['end']));
  const count = async (many: number) => {
    for (let tries = 0; said.length < many && tries < 400; tries++) await sleep(25);
    return said;
  };
  return { said, count };
};
const at = expect.any(Number) as number;

test('TS: each write, in order, parsed, with when, what and where; timed writes are not told', async () => {
  const emitter = await client.TS.Observe('mem');
  const { count } = heard(emitter);
  await client.TS.WriteAt('mem', 5, { value: 0 });
  await client.TS.Write('other', { value: 0 });
  for (const value of [1, 2]) await client.TS.Write('mem', { value });
  expect(await count(2)).toEqual([
    ['data', { timestamp: at, datasourceid: 'mem', key: '', data: { value: 1 } }],
    ['data', { timestamp: at, datasourceid: 'mem', key: '', data: { value: 2 } }],
  ]);
});

test('TSBlob: the same of objects', async () => {
  const { count } = heard(await client.TSBlob.Observe(7));
  await client.TSBlob.Write(7, { deep: ['x'] });
  expect(await count(1)).toEqual([['data', { timestamp: at, datasourceid: '7', key: '', data: { deep: ['x'] } }]]);
});

test('KV: any key or one, in one format', async () => {
  const all = heard(await client.KV.Observe('lounge'));
  const one = heard(await client.KV.ObserveKey('lounge', 'lamp', 0, 'TEXT'));
  const raw = heard(await client.KV.ObserveKey('lounge', 'lamp', 0, 'BINARY'));
  await client.KV.Write('lounge', 'lamp', { on: true });
  await client.KV.Write('lounge', 'door', { open: false });
  await client.KV.Write('lounge', 'lamp', 'warm', 'TEXT');
  await client.KV.Write('lounge', 'door', 'shut', 'TEXT');
  await client.KV.Write('lounge', 'lamp', Buffer.from([0, 255]), 'BINARY');
  const lamp = { timestamp: at, datasourceid: 'lounge', key: 'lamp' };
  expect(await all.count(2)).toEqual([
    ['data', { ...lamp, data: { on: true } }],
    ['data', { ...lamp, key: 'door', data: { open: false } }],
  ]);
  expect(await one.count(1)).toEqual([['data', { ...lamp, data: 'warm' }]]);
  expect(await raw.count(1)).toEqual([['data', { ...lamp, data: Buffer.from([0, 255]) }]]);
});

test('StopObserving ends all of that path, and nothing else', async () => {
  const [one, two] = [heard(await client.KV.Observe('a')), heard(await client.KV.Observe('a'))];
  const other = heard(await client.KV.ObserveKey('a', 'k'));
  client.KV.StopObserving('a');
  expect(await one.count(1)).toEqual([['end']]);
  expect(await two.count(1)).toEqual([['end']]);
  await client.KV.Write('a', 'k', { n: 1 });
  expect(await other.count(1)).toMatchObject([['data', { data: { n: 1 } }]]);
  client.KV.StopObserving('a', 'k');
  expect(await other.count(2)).toMatchObject([['data', {}], ['end']]); // prettier-ignore
  expect([one.said, two.said]).toEqual([[['end']], [['end']]]);
  client.TS.StopObserving('never observed');
});

test('after its seconds it ends, which only those are told who listen for errors', async () => {
  const listening = heard(await client.TS.Observe('mem', 1));
  const silent = await client.TSBlob.Observe('mem', 1);
  const ended = new Promise<void>((resolve) => silent.on('end', resolve));
  expect(await listening.count(2)).toEqual([
    ['error', expect.objectContaining({ name: 'DataboxError', code: 'observation.expired' })],
    ['end'],
  ]);
  await ended;
});

test.each([-1, NaN, 2 ** 31, 'soon'])('%p is no timeout', async (timeout) =>
  expect(client.TS.Observe('mem', timeout as number)).rejects.toMatchObject({ code: 'value.invalid' }),
);

test('it goes on after an interruption, and tells of the gap', async () => {
  const { said, count } = heard(await client.TS.Observe('mem'));
  await client.TS.Write('mem', { value: 1 });
  await count(1);
  await box.down();
  await box.stores.close('driver-core-store');
  await box.stores.open('driver-core-store');
  await box.up();
  for (let value = 2; !said.some(([event], nth) => event === 'data' && nth > 1); value++) {
    await retry(() => client.TS.Write('mem', { value }));
    await sleep(50);
  }
  expect(said[1]).toEqual(['gap', { reason: 'restarted', since: at }]);
});

test('it goes on with a new token after the hour of the first', async () => {
  let late = 0;
  await using slow = await startBox(() => Date.now() + late);
  const databox = slow.join('driver');
  const driver = createOriginalApi(() => databox).NewStoreClient();
  const { said } = heard(await driver.TS.Observe('mem'));
  late = 7_200_000;
  await slow.down();
  await slow.up();
  for (let value = 1; said.length === 0; value++) {
    await retry(() => driver.TS.Write('mem', { value }));
    await sleep(50);
  }
  expect(said[0]?.[0]).toMatch(/data|gap/);
  expect(slow.asked.filter((line) => line === 'POST /arbiter/token').length).toBeGreaterThan(2);
});

test('it is refused where the owner permits nothing, and ends with an error when the permission is taken back', async () => {
  const app = clientOf('app');
  await expect(app.TS.Observe('mem')).rejects.toMatchObject({ name: 'DataboxError', code: 'permission.refused' });
  box.arbiter.grant('app', asking, []);
  const { count } = heard(await app.TS.Observe('mem'));
  box.arbiter.revoke('app', asking);
  box.stores.cut({ store: 'driver-core-store', component: 'app' });
  expect(await count(2)).toEqual([['error', expect.objectContaining({ code: 'permission.refused' })], ['end']]); // prettier-ignore
});

test('it waits for a box that is away, until it is stopped', async () => {
  await box.down();
  const waiting = client.TS.Observe('mem');
  const stopped = client.TSBlob.Observe('mem');
  await sleep(100);
  client.TSBlob.StopObserving('mem');
  await expect(stopped).rejects.toMatchObject({ code: 'closed' });
  await box.up();
  const { count } = heard(await waiting);
  await client.TS.Write('mem', { value: 1 });
  expect(await count(1)).toMatchObject([['data', { data: { value: 1 } }]]);
});
