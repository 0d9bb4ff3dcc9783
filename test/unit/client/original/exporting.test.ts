/** Export, through the real service, to a destination on loopback. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../../src/base/config.ts';
import { silent } from '../../../../src/base/log.ts';
import { createOriginalApi, type OriginalApi } from '../../../../src/client/index.ts';
import { startExport, type Outbox } from '../../../../src/export/index.ts';
import { destination, local, newFile, trusted, type Destination } from '../../export/world.ts';
import { startBox, type Box } from '../box.ts';

let box: Box;
let outbox: Outbox;
let there: Destination;
let uri: string;
let api: OriginalApi;
beforeEach(async () => {
  const { authority, flags } = await trusted([local]);
  there = await destination(await authority.issue([local]));
  uri = `https://${local}:${there.port}/in`;
  box = await startBox();
  box.arbiter.register({ name: 'export-service', type: 'system', key: 'x' });
  const route = { method: 'POST', path: '/lp/export', target: 'export-service' } as const;
  box.arbiter.grant('app', route, [{ destination: uri }]);
  const { signal } = new AbortController();
  const config = loadConfig({ flags });
  outbox = startExport({ config, file: newFile(), authorise: box.arbiter.verify, log: silent, signal });
  box.extra['export-service'] = outbox.handler;
  const databox = box.join('app');
  api = createOriginalApi(() => databox);
});
afterEach(async () => {
  await box[Symbol.asyncDispose]();
  await outbox[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});

const answered = { id: expect.any(String) as string, state: 'Finished', ext_response: { status: '200 OK', body: 'thank you' } }; // prettier-ignore
const bodies = () => there.received.map(({ body }) => body.toString());

test('Longpoll: a new one is pending, and asked for by its id until it is finished', async () => {
  const client = api.NewExportClient('tcp://arbiter:4444', false);
  let told = await client.Longpoll(uri, { mean: 3 });
  expect(told).toEqual({ id: expect.any(String) as string, state: 'Pending', ext_response: {} });
  while (told.state !== 'Finished') told = await client.Longpoll(uri, { mean: 3 }, told.id);
  expect(told).toEqual(answered);
  expect(bodies()).toEqual(['{"mean":3}']);
  await expect(client.Longpoll(uri, {}, 'no such id')).rejects.toMatchObject({ code: 'export.unknown', status: 404 });
});

test('export.longpoll: the destination’s answer', async () => {
  expect(await api.export.longpoll(uri, { a: 1 })).toEqual(answered);
  expect(await api.export.longpoll(uri, '[1,2]')).toEqual(answered);
  expect(bodies()).toEqual(['{"a":1}', '[1,2]']);
  expect(there.received.some(({ headers }) => 'idempotency-key' in headers)).toBe(false);
});

test('export.queue: the same, under a key, and it outlasts a box that is away', async () => {
  await box.down();
  const queued = api.export.queue(uri, { a: 1 });
  await sleep(300);
  await box.up();
  expect(await queued).toEqual(answered);
  expect(await api.export.queue(uri, { a: 1 })).toEqual(answered);
  const keys = there.received.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual([expect.stringMatching(/^[\da-f-]{36}$/), expect.stringMatching(/^[\da-f-]{36}$/)]);
  expect(new Set(keys).size).toBe(2);
});

test('what may not leave is refused', async () => {
  const elsewhere = 'https://elsewhere.example/';
  const refusal = { name: 'DataboxError', code: 'permission.refused', status: 403 };
  await expect(api.export.longpoll(elsewhere, {})).rejects.toMatchObject(refusal);
  await expect(api.export.queue(elsewhere, {})).rejects.toMatchObject(refusal);
  await expect(api.NewExportClient().Longpoll(elsewhere, {})).rejects.toMatchObject(refusal);
  await expect(api.export.longpoll(uri, 5)).rejects.toMatchObject({ code: 'value.invalid', status: 0 });
  await box.down();
  await expect(api.export.longpoll(uri, {})).rejects.toMatchObject({ code: 'unreachable' });
  expect(there.connections).toBe(0);
});
