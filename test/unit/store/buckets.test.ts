import fc from 'fast-check';
import { openDatabase } from '../../../src/base/sqlite.ts';
import { bucketer } from '../../../src/store/sql/buckets.ts';
import { history } from '../../../src/store/sql/history.ts';
import { migrations } from '../../../src/store/sql/schema.ts';
import { spanFinder } from '../../../src/store/sql/spans.ts';

const time = fc.integer({ min: -60, max: 60 });
const times = fc.record({ a: fc.array(time, { maxLength: 60 }), b: fc.array(time, { maxLength: 20 }) });
const asked = fc.record({
  times,
  every: fc.integer({ min: 1, max: 40 }),
  rows: fc.integer({ min: 1, max: 9 }),
  back: fc.boolean(),
});

test('parts join to what one part would be, each bucket in one of them, and no part is much longer than asked', () => {
  fc.assert(
    fc.property(asked, ({ times, every, rows, back }) => {
      const db = openDatabase(':memory:', migrations);
      const add = db.prepare('INSERT INTO entry (series, timestamp, seq, value) VALUES (?, ?, ?, 1)');
      let seq = 0;
      for (const [at, name] of (['a', 'b'] as const).entries()) {
        db.prepare(`INSERT INTO series VALUES (?, 'ts', ?)`).run(at, name);
        for (const timestamp of times[name]) add.run(at, timestamp, seq++);
      }
      const pick = back ? ({ by: 'range', from: -50, to: 50 } as const) : ({ by: 'first', n: 40 } as const);
      const selection = { kind: 'ts', series: ['a', 'b'], pick, filter: null } as const;
      const [whole, parts] = [1_000, rows].map((most) => {
        const all = history(db);
        const read = bucketer(db, all, most);
        const found: string[][] = [];
        let next = spanFinder(db, all)(selection) as ReturnType<typeof read>['next'];
        while (next) {
          const part = read({ do: 'buckets', selection, by: 'count', everyMs: every }, next);
          found.push(part.entries);
          next = part.next;
        }
        return found;
      });
      db.close();
      expect(parts?.flat()).toEqual(whole?.flat());
      // A series' share of a part, and the bucket in which that ends, of both series.
      for (const part of parts ?? []) expect(part.length).toBeLessThanOrEqual(2 * (rows + 1));
    }),
    { numRuns: 300 },
  );
});
