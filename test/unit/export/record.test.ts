/** What the access ledger is told of exports: before the first byte, at the end, and of what was refused. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/base/errors.ts';
import type { ExportLedger } from '../../../src/export/index.ts';
import { box, destination, local, trusted, until } from './world.ts';

const { authority, flags } = await trusted([local]);
const pair = await authority.issue([local]);
const sha256 = '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862';

function recording(of: { received: unknown[] }) {
  const entries: Parameters<ExportLedger['record']>[0][] = [];
  const refused: unknown[] = [];
  /** What had arrived when an entry was on disk. */
  const arrived: number[] = [];
  const disk = { isFull: false };
  const ledger: ExportLedger = {
    async record(entry) {
      await sleep(5);
      if (disk.isFull) throw new Failure('ledger.unavailable', 'the disk is full');
      entries.push(entry);
      arrived.push(of.received.length);
    },
    async refused({ component, caller, failure }) {
      await sleep(5);
      refused.push([component, caller, failure.code, failure.details['destination']]);
    },
  };
  return { ledger, entries, refused, arrived, disk };
}

test('a sending is on record before its first byte, and how it ended after', async () => {
  await using there = await destination(pair);
  const { ledger, entries, arrived } = recording(there);
  await using here = await box({ flags, ledger });
  const uri = `https://${local}:${there.port}/`;
  await here.deliver(uri);
  await until(() => entries.length === 2);
  const about = { component: 'app', target: 'export-service', path: uri };
  const [line] = here.ledger();
  expect(entries).toEqual([
    { kind: 'export', ...about, facts: { line: line?.id, bytes: 7, sha256 } },
    { kind: 'exported', ...about, facts: { line: line?.id, status: 'answered', answer: '200 OK', address: local } },
  ]);
  expect(arrived).toEqual([0, 1]);
  expect(line?.sha256).toBe(sha256);
});

test('what cannot be put on record does not leave, and leaves when it can', async () => {
  await using there = await destination(pair);
  const { ledger, entries, disk } = recording(there);
  disk.isFull = true;
  await using here = await box({ flags, ledger });
  const uri = `https://${local}:${there.port}/`;
  const { id } = (await here.post({ id: '', uri, data: '{"a":1}' }, { token: here.token(uri) })).body;
  await until(() => (here.ledger()[0]?.attempts ?? 0) >= 2);
  expect(here.ledger()).toMatchObject([{ status: expect.stringMatching(/waiting|sending/) as string }]);
  expect([there.connections, entries]).toEqual([0, []]);
  disk.isFull = false;
  expect((await here.finish(id, uri)).ext_response.status).toBe('200 OK');
  expect(there.received).toHaveLength(1);
});

test('what is refused at its door is on record', async () => {
  const { ledger, refused } = recording({ received: [] });
  await using here = await box({ flags, ledger });
  const token = here.token('https://agreed.example/');
  const asked = { id: '', uri: 'https://other.example/', data: '{}' };
  expect((await here.post(asked, { token })).status).toBe(403);
  expect((await here.post(asked, { token: 'x.y.z' })).status).toBe(401);
  expect(refused).toEqual([
    ['app', '127.0.0.11', 'export.refused', 'https://other.example/'],
    [undefined, '127.0.0.11', 'token.invalid', undefined],
  ]);
});
