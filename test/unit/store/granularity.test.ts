import { bucketOf, wholeBuckets } from '../../../src/store/granularity.ts';
import { authorise, startStore } from './harness.ts';

test.each([
  ['/ts/a/since/0/every/60000/mean', 60_000],
  ['/ts/a/range/0/9/every/5/sum', 5],
  ['/ts/a/since/0/every/60000', undefined],
  ['/ts/a/since/0/every/60000/mean/mean', undefined],
  ['/ts/every/60000/mean', undefined],
  ['/kv/a/every/60000/mean', undefined],
  ['/ts/a/since/0/every/-5/mean', undefined],
  ['/ts/a/latest', undefined],
])('%s aggregates every %s ms', (path, ms) => expect(bucketOf(path)).toBe(ms));

const selection = { kind: 'ts', series: ['a'], filter: null } as const;
const coarse = { component: 'app', grant: 1, caveats: [{ 'minimum-sample-interval': 100 }] };
const widened = (from: number, to: number, now = 1_000_000) =>
  wholeBuckets(
    { do: 'buckets', selection: { ...selection, pick: { by: 'range', from, to } }, by: 'sum', everyMs: 100 },
    coarse,
    now,
  );

test.each([
  ['part of a bucket is all of it', [110, 120], [100, 199]],
  ['whole buckets stay', [100, 299], [100, 299]],
  ['before the epoch too', [-110, -101], [-200, -101]],
  ['what is to come ends with the last bucket that is over', [0, Number.MAX_SAFE_INTEGER], [0, 999_999]],
] as const)('%s', (_claim, [from, to], [first, last]) =>
  expect(widened(from, to)).toMatchObject({ selection: { pick: { from: first, to: last } } }),
);

test('a bucket that still grows is left out, to its last millisecond', () => {
  expect(widened(0, 9_999, 250)).toMatchObject({ selection: { pick: { to: 199 } } });
  expect(widened(0, 9_999, 299)).toMatchObject({ selection: { pick: { to: 199 } } });
  expect(widened(0, 9_999, 300)).toMatchObject({ selection: { pick: { to: 299 } } });
});

test('over the door: whole buckets and nothing else', async () => {
  await using it = await startStore({
    authorise: (token, use) => (token === 'coarse' ? coarse : authorise(token, use)),
  });
  for (const [at, value] of [
    [100, 1],
    [150, 2],
    [260, 4],
  ]) {
    await it.ask({ method: 'POST', path: `/ts/a/at/${at}`, body: `{"value":${value}}` });
  }
  await it.ask({ method: 'POST', path: '/ts/a', body: '{"value":8}' });
  const get = async (path: string) => {
    const { status, body } = await it.ask({ path: `/ts/a/${path}`, token: 'coarse' });
    return status === 200 ? (JSON.parse(body) as unknown) : (JSON.parse(body) as { code: string }).code;
  };
  const both = [
    { timestamp: 200, data: { value: 4 } },
    { timestamp: 100, data: { value: 3 } },
  ];
  expect(await get('range/150/260/every/100/sum')).toEqual(both);
  // The newest is of a day that is not over.
  expect(await get('since/150/every/86400000/sum')).toEqual([{ timestamp: 0, data: { value: 7 } }]);
  for (const path of [
    ...['latest', 'since/0', 'since/0/sum', 'length', 'last/1/every/100/sum', 'earliest/every/100/sum'],
    'since/0/filter/a/equals/b/every/100/sum',
  ]) {
    expect([path, await get(path)]).toEqual([path, 'token.forbidden']);
  }
});
