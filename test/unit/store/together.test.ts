/** That each of the changes that cross over in one message has its own outcome. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Write } from '../../../src/store/engine.ts';
import { startSqliteEngine } from '../../../src/store/sqlite/engine.ts';

const dir = await mkdtemp(join(tmpdir(), 'databox-'));
const engine = startSqliteEngine({ dir, limitBytes: null, reserveBytes: 0, sealing: {}, onDamage: () => {} });
afterAll(() => engine[Symbol.asyncDispose]());
beforeAll(() => Promise.all(['a', 'b'].map((store) => engine.open(store))));

const point = (value: number): Write => ({
  do: 'point',
  series: 'hall',
  timestamp: 1,
  point: { value, tag: null, spelling: null },
});
const put: Write = { do: 'put', format: 'json', id: 'any', key: 'key', data: '{}' };
const batch = (text: string) =>
  ({ do: 'batch', kind: 'ts', series: 'hall', body: new Uint8Array(Buffer.from(text)), now: 2 }) as const;
const selection = {
  kind: 'ts',
  series: ['hall'],
  pick: { by: 'first', n: 9 },
  filter: null,
} as const;
const values = async (store: string): Promise<number[]> => {
  const reply = await engine.read(store, { do: 'entries', selection });
  const text = 'part' in reply ? `[${reply.part}]` : String(reply.whole);
  return (JSON.parse(text) as { data: { value: number } }[]).map(({ data }) => data.value);
};

test('changes of several kinds and stores', async () => {
  const outcomes = await Promise.allSettled([
    engine.write('a', point(1)),
    engine.write('b', point(2)),
    engine.write('a', put),
    engine.write('b', { ...put, only: { match: '*' } }),
    engine.writeAll('a', batch('[{"data":{"value":3}},{"data":{"value":4}}]')),
    engine.writeAll('a', batch('[{"data":{"value":"5"}}]')),
    engine.writeLines('b', { ...batch('{"data":{"value":6}}\n\n{}\n'), do: 'lines' }),
    engine.write('closed', point(7)),
    engine.write('a', point(8)),
  ]);
  const told = outcomes.map((one) => (one.status === 'fulfilled' ? (one.value as unknown) : (one.reason as unknown)));
  expect(told).toEqual([
    null,
    null,
    expect.stringMatching(/^"/),
    expect.objectContaining({ code: 'precondition.failed' }),
    2,
    expect.objectContaining({ code: 'value.invalid' }),
    expect.objectContaining({ lines: 2, entries: 1, known: [] }),
    expect.objectContaining({ code: 'store.unknown' }),
    null,
  ]);
  expect([await values('a'), await values('b')]).toEqual([
    [1, 8, 3, 4],
    [2, 6],
  ]);
});

test('points alone', async () => {
  const all = [10, 11, 12];
  expect(await Promise.all(all.map((value) => engine.write('b', point(value))))).toEqual([null, null, null]);
  expect(await values('b')).toEqual([2, ...all, 6]);
});
