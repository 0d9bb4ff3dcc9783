/** Uses: counted in memory, kept by the minute, folded into hours and days, bounded by name. */
import { openDatabase } from '../../../src/base/sqlite.ts';
import { mostNamed, openCounts, type Count } from '../../../src/ledger/counts.ts';
import { migrations } from '../../../src/ledger/sql.ts';
import { createTally } from '../../../src/ledger/tally.ts';

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const begin = 20_000 * day;
const use = { component: 'app-x', store: 'driver-y-core-store', datasource: '/ts/load' };

function counting() {
  const clock = { ms: begin };
  const counts = openCounts(openDatabase(':memory:', migrations), () => clock.ms);
  const tally = createTally(
    () => {},
    () => clock.ms,
  );
  return { clock, counts, tally, flush: () => counts.add(tally.take()) };
}

test('uses of one minute are one row, with bytes and the first and last moment', () => {
  const { clock, counts, tally, flush } = counting();
  tally.add({ ...use, reads: 1, readBytes: 10 });
  clock.ms += 500;
  tally.add({ ...use, writes: 1, writtenBytes: 7 });
  flush();
  clock.ms += 500;
  tally.add({ ...use, reads: 1, readBytes: 5 });
  flush();
  expect(counts.spans({})).toEqual([
    {
      ...use,
      at: begin,
      span: minute,
      reads: 2,
      writes: 1,
      readBytes: 15,
      writtenBytes: 7,
      refused: 0,
      first: begin,
      last: begin + 1_000,
    },
  ]);
});

test('a minute that ends between two flushes is not lost in the next', () => {
  const { clock, counts, tally, flush } = counting();
  tally.add({ ...use, reads: 1 });
  clock.ms += minute;
  tally.add({ ...use, reads: 1 });
  flush();
  expect(counts.spans({}).map(({ at, reads }) => [at - begin, reads])).toEqual([
    [minute, 1],
    [0, 1],
  ]);
  expect(counts.sums({})).toMatchObject([{ reads: 2, first: begin, last: begin + minute }]);
});

test('minutes become hours after a day, hours become days after thirty, days go after two years; sums stay', () => {
  const { clock, counts, tally, flush } = counting();
  for (let at = 0; at < 90; at++, clock.ms += minute) {
    tally.add({ ...use, reads: 1, readBytes: 2 });
    flush();
  }
  const kept = (after: number) => {
    clock.ms = begin + after;
    tally.add({ ...use, component: 'app-other', reads: 1 });
    flush();
    return counts.spans({ component: 'app-x' }).map(({ span, reads, readBytes }) => [span, reads, readBytes]);
  };
  expect(kept(day + hour).filter(([span]) => span === hour)).toEqual([[hour, 60, 120]]);
  expect(kept(day + 3 * hour)).toEqual([
    [hour, 30, 60],
    [hour, 60, 120],
  ]);
  expect(kept(32 * day)).toEqual([[day, 90, 180]]);
  expect(counts.sums({ component: 'app-x' })).toMatchObject([{ reads: 90, first: begin, last: begin + 89 * minute }]);
  expect(kept(800 * day)).toEqual([]);
});

test('names beyond a thousand are counted together, in memory and on disk', () => {
  const { counts, tally, flush, clock } = counting();
  const write = (from: number) => {
    for (let at = from; at < from + mostNamed + 50; at++) tally.add({ ...use, datasource: `/kv/${at}`, writes: 1 });
  };
  write(0);
  expect(tally.take()).toHaveLength(mostNamed + 1);
  write(0);
  flush();
  clock.ms += minute;
  write(10_000);
  flush();
  const sums = counts.sums({ limit: 10_000 });
  expect(sums).toHaveLength(mostNamed + 1);
  expect(sums.reduce((sum, { writes }) => sum + writes, 0)).toBe(2 * (mostNamed + 50));
  expect(counts.sums({ component: 'app-x', datasource: '*' })).toMatchObject([{ writes: mostNamed + 100 }]);
});

test('one component’s names leave those of another alone', () => {
  const { counts, tally, flush } = counting();
  for (let at = 0; at < mostNamed + 5; at++) tally.add({ ...use, datasource: `/kv/${at}`, writes: 1 });
  tally.add({ ...use, component: 'app-z', reads: 1 });
  flush();
  expect(counts.sums({ component: 'app-z' })).toMatchObject([{ datasource: '/ts/load', reads: 1 }]);
});

test('what is looked for: component, store, datasource by id or path, since', () => {
  const { clock, counts, tally, flush } = counting();
  const uses = [
    { ...use, reads: 1 },
    { ...use, datasource: '/ts/blob/load', reads: 1 },
    { ...use, component: 'app-z', store: 'driver-z-core-store', reads: 1 },
    { ...use, datasource: '/ts/overload', reads: 1 },
  ];
  for (const one of uses) {
    tally.add(one);
    clock.ms += minute;
  }
  flush();
  const found = (o: Parameters<typeof counts.sums>[0]) => counts.sums(o).length;
  expect([found({}), found({ datasource: 'load' }), found({ datasource: '/ts/load' })]).toEqual([4, 3, 2]);
  expect([found({ component: 'app-z' }), found({ store: 'driver-z-core-store' })]).toEqual([1, 1]);
  expect([found({ since: begin + 3 * minute }), found({ limit: 2 })]).toEqual([1, 2]);
});

test('a row that cannot be written leaves nothing half done', () => {
  const { counts } = counting();
  const count = { ...use, reads: 1, writes: 0, readBytes: 0, writtenBytes: 0, refused: 0, first: begin, last: begin };
  const broken = { ...count, datasource: '/ts/broken', reads: null } as unknown as Count;
  expect(() => counts.add([{ ...count, datasource: '/ts/new' }, broken])).toThrow(/NOT NULL/);
  counts.add([{ ...count, datasource: '/ts/new' }]);
  expect(counts.sums({})).toMatchObject([{ datasource: '/ts/new', reads: 1 }]);
});
