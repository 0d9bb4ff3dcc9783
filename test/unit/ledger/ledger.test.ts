/** The running ledger: what is durable when, what is bounded, and what it says when it cannot be written. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { silent } from '../../../src/base/log.ts';
import { createBounds } from '../../../src/ledger/bounds.ts';
import { startLedger } from '../../../src/ledger/index.ts';
import { folder, withEntries, withLedger } from './desk.ts';

const use = { component: 'app-x', store: 'driver-y-core-store', datasource: '/ts/load' };
const deed = { component: 'app-x', target: 'driver-y-core-store', path: '/kv/lamp/on', facts: {} };

test('kill -9 while it records: every acknowledged entry is there and in its chain, uses but for the last flush', async () => {
  using at = folder();
  const child = spawn(process.execPath, ['test/unit/ledger/keeper.ts', at.dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  while (Number(said.trim().split('\n').at(-1)) < 40 || said === '') await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  const acknowledged = Number(said.trim().split('\n').at(-1));
  await withLedger(at.dir, async (ledger) => {
    const entries = await ledger.entries({ component: 'app-x', limit: 10_000 });
    const numbers = entries.map(({ facts }) => Number(facts['at'])).toReversed();
    expect(numbers.slice(0, acknowledged)).toEqual(Array.from({ length: acknowledged }, (_, n) => n + 1));
    expect(await ledger.verify()).toMatchObject({ intact: true, broken: [] });
    const [counted] = await ledger.accesses({});
    expect(counted?.reads).toBeGreaterThan(0);
    expect(counted?.readBytes).toBe(3 * (counted?.reads ?? 0));
  });
}, 60_000);

test('uses are written on the way down, and read whatever waits; files are of nobody else', async () => {
  using at = folder();
  await withLedger(at.dir, async (ledger) => {
    ledger.count({ ...use, reads: 1 });
    expect(await ledger.accesses({})).toMatchObject([{ ...use, reads: 1 }]);
    expect(await ledger.accesses({ each: true })).toMatchObject([{ span: 60_000 }]);
    ledger.count({ ...use, writes: 1, writtenBytes: 4 });
  });
  await withLedger(at.dir, async (ledger) => {
    expect(await ledger.accesses({})).toMatchObject([{ reads: 1, writes: 1, writtenBytes: 4 }]);
    await ledger.record({ kind: 'grant', component: 'app-x' });
  });
  const modes = ['ledger.sqlite', 'secret', 'head.json'].map((name) => statSync(join(at.dir, name)).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600, 0o600]);
});

test('nothing to record, no thread and no file', async () => {
  using at = folder();
  await withLedger(at.dir, async (ledger) => {
    await ledger.answers();
    expect(ledger.problems()).toEqual([]);
  });
  expect(existsSync(at.file)).toBe(false);
});

test('a flood of one component has bounded entries of its own; what got none is said by the next and counted', async () => {
  using at = folder();
  await withLedger(at.dir, async (ledger) => {
    await Promise.all(Array.from({ length: 500 }, () => ledger.refused(deed)));
    await ledger.refused({ ...deed, component: 'app-y' });
    const of = (component: string) => ledger.entries({ component, limit: 10_000 });
    expect([(await of('app-x')).length, (await of('app-y')).length]).toEqual([30, 1]);
    expect(await ledger.accesses({ component: 'app-x' })).toMatchObject([{ datasource: '*', refused: 500 }]);
  });
});

test('the entry after a pause says how many there were', () => {
  let ms = 0;
  const bounds = createBounds(() => ms);
  const taken = Array.from({ length: 100 }, () => bounds.take('refusal', 'app-x'));
  expect([taken.filter((count) => count === 1).length, taken.filter((count) => count === 0).length]).toEqual([30, 70]);
  ms += 60_000;
  expect([bounds.take('refusal', 'app-x'), bounds.take('refusal', 'app-y')]).toEqual([71, 1]);
  expect(bounds.take('actuation', 'app-x')).toBe(1);
});

test('a ledger that cannot be written refuses what must be on record, keeps what was counted, and tells the owner', async () => {
  using at = folder();
  writeFileSync(at.file, 'no database, and longer than the header of one would be: '.repeat(20));
  await using ledger = startLedger({ dir: at.dir, log: silent, flushMs: 20 });
  ledger.count({ ...use, reads: 1 });
  await expect(ledger.actuated(deed)).rejects.toMatchObject({ code: 'ledger.unavailable' });
  await ledger.refused(deed);
  expect(ledger.problems()[0]).toMatch(/The access ledger is not written: .*not a database/);
  writeFileSync(at.file, '');
  await ledger.actuated(deed);
  expect(ledger.problems()).toEqual([]);
  expect(await ledger.accesses({ datasource: 'load' })).toMatchObject([{ ...use, reads: 1 }]);
});

test('a chain that is too long loses its oldest entries, and stays intact', async () => {
  using at = folder();
  const entry = { kind: 'refusal', component: 'app-x' } as const;
  const few = { most: 2_000 };
  await withEntries(
    at.dir,
    async ({ record, verify }) => {
      for (let round = 0; round < 6; round++) record(...Array.from({ length: 1_000 }, () => entry));
      record({ kind: 'grant', component: 'app-y' });
      const verdict = await verify();
      expect(verdict).toMatchObject({ intact: true, broken: [], chains: 3 });
      expect(verdict.entries).toBe(3_000 + 2);
    },
    few,
  );
  await withEntries(at.dir, async ({ verify }) => expect((await verify()).intact).toBe(true), few);
});

test('entries that a kill left beyond the head are followed at the next start', async () => {
  using at = folder();
  await withEntries(at.dir, ({ record }) => record({ kind: 'grant', component: 'app-x' }));
  const head = readFileSync(join(at.dir, 'head.json'));
  await withEntries(at.dir, ({ record }) => record({ kind: 'revoke', component: 'app-x' }));
  writeFileSync(join(at.dir, 'head.json'), head);
  await withEntries(at.dir, async ({ record, verify }) => {
    expect(await verify()).toMatchObject({ intact: true, entries: 3 });
    record({ kind: 'grant', component: 'app-x' });
    expect(await verify()).toMatchObject({ intact: true, entries: 4 });
  });
});
