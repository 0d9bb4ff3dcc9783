import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { startStore } from './harness.ts';
import {
  aggregate,
  aggregateOf,
  answered,
  bodyOf,
  bucket,
  entry,
  erased,
  ids,
  pathOf,
  query,
  selected,
  type Entry,
  type Model,
  type Query,
} from './model.ts';

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('write' as const), entry }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('import' as const),
      entries: fc.array(entry, { maxLength: 8 }),
      cut: fc.nat(400),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      entries: fc.array(entry, { maxLength: 12 }),
      inOrder: fc.boolean(),
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
      every: bucket,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), query }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('length' as const), ids }) },
);

const sealings = [
  ['rows', {}],
  // Every few rows become a block, at once where they come together and soon where not.
  ['blocks', { batch: 2, rows: 3, keep: 1 }],
] as const;

test.each(sealings)('any sequence of writes, deletes and queries gives the model’s answers: %s', async (_, sealing) => {
  await using it = await startStore({ sealing });
  let model: Model = [];
  const json = async (path: string) => JSON.parse((await it.ask({ path })).body) as never;
  const perform = {
    async write(entry: Entry) {
      await it.ask({ method: 'POST', path: `/ts/${entry.id}/at/${entry.at}`, body: JSON.stringify(bodyOf(entry)) });
      model.push(entry);
    },
    /** Sent twice, the first time cut off somewhere: a whole line is stored, once, and the beginning of one is not. */
    async import(entries: Entry[], cut: number) {
      for (const [id, own] of Map.groupBy(entries, (one) => one.id)) {
        const lines = own.map((one) => `${JSON.stringify({ timestamp: one.at, data: bodyOf(one) })}\n`).join('');
        const headers = { 'content-type': 'application/x-ndjson' };
        const beginning = lines.slice(0, lines.lastIndexOf('\n', cut) + 1);
        for (const body of [beginning, lines]) {
          expect(await it.ask({ method: 'POST', path: `/ts/${id}/batch`, body, headers })).toMatchObject({
            status: 201,
          });
        }
        for (const one of own) if (!model.some((known) => isDeepStrictEqual({ ...known }, { ...one }))) model.push(one);
      }
    },
    async batch(entries: Entry[], inOrder: boolean) {
      for (const [id, own] of Map.groupBy(entries, (one) => one.id)) {
        const sent = inOrder ? own.toSorted((a, b) => a.at - b.at) : own;
        const body = JSON.stringify(sent.map((one) => ({ timestamp: one.at, data: bodyOf(one) })));
        expect(await it.ask({ method: 'POST', path: `/ts/${id}/batch`, body })).toMatchObject({ status: 201 });
        model.push(...sent);
      }
    },
    async read(query: Query) {
      expect(await json(pathOf(query))).toEqual(answered(selected(model, query)));
    },
    async aggregate(query: Query, name: string) {
      const expected = aggregateOf(
        name,
        selected(model, query).map(({ value }) => value),
      );
      const { result } = (await json(`${pathOf(query)}/${name}`)) as { result?: number };
      if (expected === undefined) expect(result).toBeUndefined();
      else expect(result).toBeCloseTo(expected, 9);
    },
    async buckets(query: Query, name: string, every: number) {
      const buckets = Map.groupBy(selected(model, query), ({ at }) => Math.floor(at / every) * every + 0);
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
      const { status } = await it.ask({ method: 'DELETE', path: pathOf(query) });
      const after = erased(model, query);
      expect(status).toBe(after ? 204 : 405);
      model = after ?? model;
    },
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      for (const one of steps) {
        if (one.do === 'write') await perform.write(one.entry);
        else if (one.do === 'import') await perform.import(one.entries, one.cut);
        else if (one.do === 'batch') await perform.batch(one.entries, one.inOrder);
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
