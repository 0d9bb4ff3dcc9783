/** Time series as the original's programs call them. */
import type { ObserveOptions } from '../observe.ts';
import type { Aggregation, BlobSeries, Entry, Filter, NumericSeries, Point, Query } from '../series.ts';
import type { Observations, ObservationEmitter } from './observation.ts';
import { documentOf, observedOf, type Id } from './payload.ts';

/** A filter counts when all three of it are given. */
type FilterArguments = [filterTagName?: string, filterType?: Filter['type'] | '', filterValue?: string];
/** Of an aggregation; `{}` when there was nothing to aggregate. */
export type Result = { result?: number };
type Queried<A extends unknown[]> = {
  (...query: [...A, aggregation: Aggregation, ...FilterArguments]): Promise<Result>;
  (...query: [...A, aggregation?: '' | undefined, ...FilterArguments]): Promise<Entry<Point>[]>;
};

/** Every promise is rejected with DataboxError. Timestamps are ms since the Unix epoch. */
type Common<T> = {
  /** @param payload an object, or its JSON text. Its time is that of arrival. Resolves to `created` once it is on disk */
  Write(id: Id, payload: T | string): Promise<'created'>;
  WriteAt(id: Id, timestamp: number, payload: T | string): Promise<'created'>;
  /** An array of one; `[]` when there is none. */
  Latest(id: Id): Promise<Entry<T>[]>;
  Earliest(id: Id): Promise<Entry<T>[]>;
  Length(id: Id): Promise<{ length: number }>;
  /**
   * Writes from now on, but those of `WriteAt`.
   * @param timeout seconds after which it ends; 0 or nothing: never
   */
  Observe(id: Id, timeout?: number): Promise<ObservationEmitter>;
  StopObserving(id: Id): void;
};
export type OriginalBlobSeries = Common<object> & {
  /** At most `n`, newest first. */
  LastN(id: Id, n: number): Promise<Entry<object>[]>;
  /** At most `n`, oldest first. */
  FirstN(id: Id, n: number): Promise<Entry<object>[]>;
  /** From then on, newest first. */
  Since(id: Id, timestamp: number): Promise<Entry<object>[]>;
  /** Both ends included, newest first. */
  Range(id: Id, from: number, to: number): Promise<Entry<object>[]>;
};
/** The same of numbers, which may be filtered and aggregated: `LastN('temp', 10, 'mean', 'room', 'equals', 'attic')`. */
export type OriginalSeries = Common<Point> & {
  LastN: Queried<[id: Id, n: number]>;
  FirstN: Queried<[id: Id, n: number]>;
  Since: Queried<[id: Id, timestamp: number]>;
  Range: Queried<[id: Id, from: number, to: number]>;
};

/** How observations run, and what becomes of the JSON that they tell. */
export type Watching = { observations: Observations; jsonOf: (json: unknown) => unknown };

export function createBlobSeries(series: BlobSeries, watching: Watching): OriginalBlobSeries {
  const read = (entries: Promise<Entry[]>) => entries as Promise<Entry<object>[]>;
  return {
    ...commonOf<object>(series, '/ts/blob', watching),
    LastN: (id, n) => read(series.lastN(String(id), n)),
    FirstN: (id, n) => read(series.firstN(String(id), n)),
    Since: (id, timestamp) => read(series.since(String(id), timestamp)),
    Range: (id, from, to) => read(series.range(String(id), from, to)),
  };
}

export function createNumericSeries(series: NumericSeries, watching: Watching): OriginalSeries {
  return {
    ...commonOf<Point>(series, '/ts', watching),
    LastN: queried(series.lastN, 2),
    FirstN: queried(series.firstN, 2),
    Since: queried(series.since, 2),
    Range: queried(series.range, 3),
  };
}

function commonOf<T>(series: BlobSeries, base: string, { observations, jsonOf }: Watching): Common<T> {
  const shaped = async function* (id: string, options: ObserveOptions) {
    for await (const event of series.observe(id, options)) yield observedOf(event, jsonOf);
  };
  return {
    async Write(id, payload) {
      await series.write(String(id), documentOf(payload));
      return 'created';
    },
    async WriteAt(id, timestamp, payload) {
      await series.writeAt(String(id), timestamp, documentOf(payload));
      return 'created';
    },
    Latest: async (id) => (await series.latest(String(id))) as Entry<T>[],
    Earliest: async (id) => (await series.earliest(String(id))) as Entry<T>[],
    Length: async (id) => ({ length: await series.length(String(id)) }),
    Observe: (id, timeout = 0) =>
      observations.start(`${base}/${id}`, { begin: (options) => shaped(String(id), options), timeout }),
    StopObserving: (id) => observations.stop(`${base}/${id}`),
  };
}

/** @param count of the arguments that select, before those of aggregation and filter */
function queried<A extends [id: string, ...at: number[]]>(query: Query<A>, count: number) {
  const answer = async (...given: unknown[]): Promise<Entry<Point>[] | Result> => {
    const selection = [String(given[0]), ...given.slice(1, count)] as A;
    const [aggregation, tag, type, value] = given.slice(count) as [Aggregation | '' | undefined, ...FilterArguments];
    const filtered = tag && type && value ? { filter: { tag, type, value } } : {};
    if (!aggregation) return query(...selection, filtered);
    const result = await query(...selection, { ...filtered, aggregation });
    return result === undefined ? {} : { result };
  };
  return answer as unknown as Queried<A extends [string, ...infer At] ? [id: Id, ...At] : never>;
}
