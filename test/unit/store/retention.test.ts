import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { openDatabase } from '../../../src/base/sqlite.ts';
import { silent } from '../../../src/base/log.ts';
import { createMarks } from '../../../src/store/marks.ts';
import { makeRounds } from '../../../src/store/retention.ts';
import { history } from '../../../src/store/sql/history.ts';
import { sealer, usualSealing } from '../../../src/store/sql/seal.ts';
import { measurer, retainer, trimmer } from '../../../src/store/sql/retention.ts';
import { migrations } from '../../../src/store/sql/schema.ts';
import { writer } from '../../../src/store/sql/write.ts';
import type { Engine } from '../../../src/store/engine.ts';
import { startStore, store } from './harness.ts';

type It = Awaited<ReturnType<typeof startStore>>;
const day = 86_400_000;
const fill = async (it: It, path: string, times: readonly number[], data: unknown = { value: 1 }) => {
  const body = times.map((timestamp) => `${JSON.stringify({ timestamp, data })}\n`).join('');
  const headers = { 'content-type': 'application/x-ndjson' };
  expect((await it.ask({ method: 'POST', path: `${path}/batch`, body, headers })).status).toBe(201);
};
const timesOf = async (it: It, path: string) =>
  (JSON.parse((await it.ask({ path: `${path}/first/100000` })).body) as { timestamp: number }[]).map(
    ({ timestamp }) => timestamp,
  );
/** Waits for a round to have made it so. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 25_000; !(await holds()); await sleep(50)) {
    if (Date.now() > end) throw new Error('it did not come to that');
  }
}

test('what is older than is kept goes, in steps, and nothing else; other series stay', async () => {
  await using it = await startStore({ roundMs: 200 });
  const now = Date.now();
  const old = Array.from({ length: 1_800 }, (_, n) => now - 3 * day + n);
  const young = [now - day, now - 1_000, now + day];
  for (const path of ['/ts/a', '/ts/b', '/ts/blob/a']) await fill(it, path, [...old, ...young]);
  expect(await it.stores.retain(store, '/ts/a', { keepMs: 2 * day })).toEqual({
    ...{ kind: 'ts', id: 'a', keepMs: 2 * day, maxBytes: null },
  });
  await until(async () => (await timesOf(it, '/ts/a')).length === young.length);
  expect(await timesOf(it, '/ts/a')).toEqual(young);
  for (const path of ['/ts/b', '/ts/blob/a']) expect(await timesOf(it, path)).toHaveLength(1_803);
});

test('what is more than is kept goes, the oldest first; documents go with their entries', async () => {
  await using it = await startStore({ roundMs: 200 });
  await fill(it, '/ts/blob/a', [5, 1, 4, 2, 3], ['x'.repeat(10_000)]);
  await it.stores.retain(store, '/ts/blob/a', { maxBytes: 25_000 });
  await until(async () => (await timesOf(it, '/ts/blob/a')).length < 5);
  expect(await timesOf(it, '/ts/blob/a')).toEqual([4, 5]);
  await fill(it, '/ts/blob/a', [6], ['y'.repeat(20_000)]);
  await until(async () => (await timesOf(it, '/ts/blob/a')).length === 1);
  expect(await timesOf(it, '/ts/blob/a')).toEqual([6]);
});

test('it is kept over a restart, changed in part, shown, and taken back', async () => {
  await using it = await startStore();
  await fill(it, '/ts/a', [1]);
  await it.stores.retain(store, '/ts/a', { keepMs: day });
  await it.stores.close(store);
  await it.stores.open(store);
  expect(await it.stores.retain(store, '/ts/a', { maxBytes: 1_000 })).toMatchObject({ keepMs: day, maxBytes: 1_000 });
  const shown = async () => (await it.stores.stats(store)).datasources;
  expect(await shown()).toEqual([{ id: 'a', kind: 'ts', entries: 1, keepMs: day, maxBytes: 1_000 }]);
  await it.ask({ method: 'DELETE', path: '/ts/a/latest' });
  expect(await shown()).toMatchObject([{ id: 'a', entries: 0, keepMs: day }]);
  await it.stores.retain(store, '/ts/a', { keepMs: null, maxBytes: null });
  expect(await shown()).toEqual([]);
});

test.each([
  ['/kv/a/b', 'datasource.invalid'],
  ['/ts/a/latest', 'path.unknown'],
  ['/ts/a,b', 'path.invalid'],
  ['/ts/nothing', 'datasource.unknown'],
  ['/ts/blob/a', 'datasource.unknown'],
  ['/cat', 'datasource.invalid'],
])('nothing is set for %s', async (path, code) => {
  await using it = await startStore();
  await fill(it, '/ts/a', [1]);
  const refused = await it.stores.retain(store, path, { keepMs: 1 }).catch((err: unknown) => err);
  expect(refused).toMatchObject({ code: expect.stringMatching(/\w/) as string });
  expect((await it.stores.stats(store)).datasources).toMatchObject([{ keepMs: null }]);
  if (code.startsWith('datasource')) expect(refused).toMatchObject({ code });
});

test('writers go on while much is removed', async () => {
  await using it = await startStore({ roundMs: 100 });
  const many = Array.from({ length: 20_000 }, (_, n) => n);
  await fill(it, '/ts/a', many);
  await it.stores.retain(store, '/ts/a', { keepMs: day });
  let slowestMs = 0;
  for (let n = 0; (await timesOf(it, '/ts/a')).length > 0; n++) {
    const begun = performance.now();
    expect((await it.ask({ method: 'POST', path: '/ts/other', body: `{"value":${n}}` })).status).toBe(201);
    slowestMs = Math.max(slowestMs, performance.now() - begun);
  }
  expect(slowestMs).toBeLessThan(5_000);
});

test('a clock that was set removes nothing by age until it was left alone for a round', async () => {
  const trims: number[] = [];
  const stop = new AbortController();
  const engine = {
    trim: (_store: string, { until: [time] }: { until: [number, number] }) => Promise.resolve(trims.push(time) * 0),
  } as unknown as Engine;
  const kept = {
    name: 's',
    marks: createMarks(),
    retentions: [{ kind: 'ts' as const, id: 'a', keepMs: 10, maxBytes: null }],
  };
  // At the start, and in one round after the other, a second apart however long each takes.
  const wallMs = [0, 1_000, 2_000, 9_000_000, 9_001_000, 3_000, 4_000];
  let looks = 0;
  const clocks = {
    wall() {
      if (looks === wallMs.length) stop.abort();
      return wallMs[looks] ?? Infinity;
    },
    steady: () => looks++ * 1_000,
  };
  await makeRounds({ engine, log: silent, stores: () => [kept], signal: stop.signal, everyMs: 1 }, clocks);
  // Of each round that found the clock as it left it, but for the second that is meant to go by.
  expect(trims.map((time) => time + 11)).toEqual([1_000, 2_000, 9_001_000, 4_000]);
});

test('what is measured is what is kept, whatever the sizes: as a model says', () => {
  const entry = fc.record({ at: fc.integer({ min: 0, max: 5 }), length: fc.integer({ min: 0, max: 200 }) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.integer({ min: 0, max: 5_000 }), (entries, maxBytes) => {
      const db = openDatabase(':memory:', migrations);
      const to = writer(db);
      for (const { at, length } of entries) {
        to.apply({ do: 'document', series: 'a', timestamp: at, text: `["${'x'.repeat(length)}"]` });
      }
      retainer(db)({ kind: 'ts/blob', id: 'a', keepMs: null, maxBytes });
      const all = history(db);
      const trim = trimmer(db, { entries: all, sealer: sealer(db, all, usualSealing) });
      const found = measurer(db, all)({ kind: 'ts/blob', id: 'a' }, maxBytes);
      if ('until' in found) while (trim({ kind: 'ts/blob', id: 'a', until: found.until }) > 0);
      const newestFirst = entries.map((one, n) => ({ ...one, n })).sort((a, b) => b.at - a.at || b.n - a.n);
      let bytes = 0;
      const over = newestFirst.findIndex(({ length }) => (bytes += 64 + length + 4) > maxBytes);
      const kept = over === -1 ? newestFirst : newestFirst.slice(0, over);
      const rows = db.prepare('SELECT timestamp FROM entry ORDER BY timestamp DESC, seq DESC').pluck().all();
      expect(rows).toEqual(kept.map(({ at }) => at));
      expect(db.prepare('SELECT count(*) FROM document').pluck().get()).toBe(kept.length);
      db.close();
    }),
    { numRuns: 50 },
  );
});
