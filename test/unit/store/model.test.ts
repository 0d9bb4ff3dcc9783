import fc from 'fast-check';
import { startStore } from './harness.ts';

/** The simplest store there could be: an array, in order of insertion. */
type Entry = { id: string; at: number; value: number; colour: string | null };
const model: Entry[] = [];

const id = fc.constantFrom<string>('a', 'b', 'c');
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 3 });
const at = fc.integer({ min: -3, max: 6 });
const colour = fc.constantFrom(null, 'red', 'dark red', 'green');
const pick = fc.oneof(
  fc.constant({ by: 'latest' as const }),
  fc.constant({ by: 'earliest' as const }),
  fc.record({ by: fc.constantFrom('last' as const, 'first' as const), n: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ by: fc.constant('since' as const), from: at }),
  fc.record({ by: fc.constant('range' as const), from: at, to: at }),
);
type Pick = typeof pick extends fc.Arbitrary<infer T> ? T : never;
const filter = fc.option(
  fc.record({
    is: fc.constantFrom('equals' as const, 'contains' as const),
    text: fc.constantFrom('red', 'green', 'e'),
  }),
);
const query = fc.record({ ids, pick, filter });
type Query = typeof query extends fc.Arbitrary<infer T> ? T : never;
const aggregate = fc.constantFrom('sum', 'count', 'min', 'max', 'mean', 'median', 'sd');

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      id,
      at,
      value: fc.integer({ min: -50, max: 50 }),
      colour,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), query }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('aggregate' as const), query, aggregate }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('buckets' as const),
      query,
      aggregate,
      every: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), query }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('length' as const), ids }) },
);

function selected({ ids, pick, filter }: Query): Entry[] {
  const ascending = (a: Entry, b: Entry) => a.at - b.at || model.indexOf(a) - model.indexOf(b);
  const chosen = ids.flatMap((one) => pickOf(pick, model.filter((entry) => entry.id === one).sort(ascending)));
  const kept = chosen.filter(({ colour: has }) =>
    filter === null ? true : has !== null && (filter.is === 'equals' ? has === filter.text : has.includes(filter.text)),
  );
  const forward = pick.by === 'earliest' || pick.by === 'first';
  return kept.sort((a, b) => (forward ? ascending(a, b) : ascending(b, a)));
}

function pickOf(pick: Pick, sorted: Entry[]): Entry[] {
  switch (pick.by) {
    case 'latest':
      return sorted.slice(-1);
    case 'earliest':
      return sorted.slice(0, 1);
    case 'last':
      return pick.n === 0 ? [] : sorted.slice(-pick.n);
    case 'first':
      return sorted.slice(0, pick.n);
    case 'since':
      return sorted.filter((entry) => entry.at >= pick.from);
    case 'range':
      return sorted.filter((entry) => entry.at >= pick.from && entry.at <= pick.to);
  }
}

function pathOf({ ids, pick, filter }: Query): string {
  const words = { ...pick, by: undefined };
  const selection = [pick.by, ...Object.values(words).filter((word) => word !== undefined)].join('/');
  const narrowed = filter ? `/filter/colour/${filter.is}/${encodeURIComponent(filter.text)}` : '';
  return `/ts/${ids.join(',')}/${selection}${narrowed}`;
}

const bodyOf = ({ value, colour: tag }: Entry) => (tag === null ? { value } : { value, colour: tag });

/** Computed independently of SQL. */
function aggregateOf(name: string, values: number[]): number | undefined {
  const sum = values.reduce((total, value) => total + value, 0);
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const mean = sum / values.length;
  if (name === 'count') return values.length;
  if (values.length === 0) return undefined;
  if (name === 'sum') return sum;
  if (name === 'min') return sorted[0];
  if (name === 'max') return sorted.at(-1);
  if (name === 'mean') return mean;
  if (name === 'median') return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
  if (values.length === 1) return undefined;
  return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1));
}

test('any sequence of writes, deletes and queries gives the model’s answers', async () => {
  await using it = await startStore();
  const json = async (path: string) => JSON.parse((await it.ask({ path })).body) as never;
  const perform = {
    async write(entry: Entry) {
      await it.ask({ method: 'POST', path: `/ts/${entry.id}/at/${entry.at}`, body: JSON.stringify(bodyOf(entry)) });
      model.push(entry);
    },
    async read(query: Query) {
      const expected = selected(query).map((entry) => ({ timestamp: entry.at, data: bodyOf(entry) }));
      expect(await json(pathOf(query))).toEqual(expected);
    },
    async aggregate(query: Query, name: string) {
      const expected = aggregateOf(
        name,
        selected(query).map(({ value }) => value),
      );
      const { result } = (await json(`${pathOf(query)}/${name}`)) as { result?: number };
      if (expected === undefined) expect(result).toBeUndefined();
      else expect(result).toBeCloseTo(expected, 9);
    },
    async buckets(query: Query, name: string, every: number) {
      const buckets = Map.groupBy(selected(query), ({ at }) => Math.floor(at / every) * every + 0);
      const expected = [...buckets].flatMap(([timestamp, entries]) => {
        const value = aggregateOf(
          name,
          entries.map((entry) => entry.value),
        );
        return value === undefined ? [] : [{ timestamp, data: { value: expect.closeTo(value, 9) as number } }];
      });
      expect(await json(`${pathOf(query)}/every/${every}/${name}`)).toEqual(expected);
    },
    async delete(query: Query) {
      const refused = query.pick.by === 'last' || query.pick.by === 'first';
      const { status } = await it.ask({ method: 'DELETE', path: pathOf(query) });
      expect(status).toBe(refused ? 405 : 204);
      if (!refused) for (const entry of selected(query)) model.splice(model.indexOf(entry), 1);
    },
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      for (const one of steps) {
        if (one.do === 'write') await perform.write({ id: one.id, at: one.at, value: one.value, colour: one.colour });
        else if (one.do === 'read') await perform.read(one.query);
        else if (one.do === 'aggregate') await perform.aggregate(one.query, one.aggregate);
        else if (one.do === 'buckets') await perform.buckets(one.query, one.aggregate, one.every);
        else if (one.do === 'delete') await perform.delete(one.query);
        else {
          const length = model.filter((entry) => one.ids.includes(entry.id)).length;
          expect(await json(`/ts/${one.ids.join(',')}/length`)).toEqual({ length });
        }
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
});
