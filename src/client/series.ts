import type { Call, Caller } from './caller.ts';
import type { HttpAnswer } from './http.ts';
import { retry, type RetryOptions } from './retry.ts';
import { observe, type Observation, type ObserveOptions } from './observe.ts';
import { pathOf } from './paths.ts';

/** `timestamp` in ms since the Unix epoch. */
export type Entry<T = unknown> = { timestamp: number; data: T };
/** What a numeric series holds: a value and at most one tag. */
export type Point = { value: number; [tag: string]: number | string };

export type Filter = { tag: string; type: 'equals' | 'contains'; value: string };
export type Aggregation = 'sum' | 'count' | 'min' | 'max' | 'mean' | 'median' | 'sd';
export type Aggregate = Filtered & { aggregation: Aggregation };
export type Filtered = { filter?: Filter };

export type EntriesQuery = {
  /** Ms since the Unix epoch, both included. Default: all there is. */
  from?: number;
  to?: number;
  /** Of numeric series. */
  filter?: Filter;
};

type Series<T> = {
  write(id: string, data: T): Promise<void>;
  /** @param timestamp whole ms since the Unix epoch */
  writeAt(id: string, timestamp: number, data: T): Promise<void>;
  /**
   * All or none of them, at most 10,000 and 1 MiB; an entry without a timestamp has the time of arrival.
   * Returns how many.
   */
  batch(id: string, entries: readonly (Omit<Entry<T>, 'timestamp'> & { timestamp?: number })[]): Promise<number>;
  /**
   * Any number of entries in little memory, in requests of some thousand each. One that the series has already (same time,
   * same data) is not written again: after a failure import the whole once more. What passes is tried again, for a minute.
   * Returns how many were not there.
   */
  import(
    id: string,
    entries: Iterable<Entry<T>> | AsyncIterable<Entry<T>>,
    options?: Pick<RetryOptions, 'signal' | 'timeoutMs'>,
  ): Promise<number>;
  /** `[]` when there is none; one entry for each series joined by a comma. */
  latest(id: string): Promise<Entry<T>[]>;
  earliest(id: string): Promise<Entry<T>[]>;
  length(id: string): Promise<number>;
  /**
   * Entries one after the other, newest first: any number in little memory, read page by page as the loop goes on. Of what
   * is written meanwhile only what is older than the last one read is among them.
   */
  entries(id: string, query?: EntriesQuery): AsyncGenerator<Entry<T>>;
  /** Writes from now on. Breaking out of the loop ends it. */
  observe(id: string, options?: ObserveOptions): AsyncGenerator<Observation<T>>;
};

/** Any JSON object or array. Descending by time, except `firstN`. */
export type BlobSeries<T = unknown> = Series<T> & {
  lastN(id: string, n: number): Promise<Entry<T>[]>;
  firstN(id: string, n: number): Promise<Entry<T>[]>;
  since(id: string, timestamp: number): Promise<Entry<T>[]>;
  range(id: string, from: number, to: number): Promise<Entry<T>[]>;
};

/** An aggregation resolves to its result, `undefined` when there was nothing to aggregate. */
export type Query<A extends unknown[]> = {
  (...query: [...A, options: Aggregate]): Promise<number | undefined>;
  (...query: [...A, options?: Filtered]): Promise<Entry<Point>[]>;
};
export type BucketQuery = {
  /** Ms since the Unix epoch, both included. Default `to`: all there is. */
  from: number;
  to?: number;
  /** Length of a bucket in ms; each starts at a multiple of it. */
  everyMs: number;
  aggregation: Aggregation;
  filter?: Filter;
  /** Of the datasource: where the owner agreed to aggregates only, `everyMs` must be a multiple of it. */
  minimumSampleInterval?: number | null;
};

export type NumericSeries = Series<Point> & {
  /** An aggregate for each bucket that has one, newest first, at the bucket's start. */
  buckets(id: string, query: BucketQuery): Promise<Entry<{ value: number }>[]>;
  lastN: Query<[id: string, n: number]>;
  firstN: Query<[id: string, n: number]>;
  since: Query<[id: string, timestamp: number]>;
  range: Query<[id: string, from: number, to: number]>;
};

type Options = { filter?: Filter; aggregation?: Aggregation };

const tail = ({ filter, aggregation }: Options = {}): string =>
  (filter ? pathOf`/filter/${filter.tag}/${filter.type}/${filter.value}` : '') + (aggregation ? `/${aggregation}` : '');

const spanOf = ({ from = Number.MIN_SAFE_INTEGER, to, filter }: EntriesQuery): string =>
  `${to === undefined ? `/since/${from}` : `/range/${from}/${to}`}${tail(filter && { filter })}`;

const bucketsOf = ({ everyMs, aggregation, ...span }: BucketQuery): string =>
  `${spanOf(span)}/every/${everyMs}/${aggregation}`;

/** Page after page, as each names the next. */
async function* paged<T>(caller: Caller, call: Call): AsyncGenerator<Entry<T>> {
  let query: string | undefined = 'limit=1000';
  while (query !== undefined) {
    const { body, headers }: HttpAnswer = await caller.ask({ ...call, query });
    yield* JSON.parse(body.toString()) as Entry<T>[];
    query = /^<\?([^>]+)>; rel="next"$/.exec(headers.link?.toString() ?? '')?.[1];
  }
}

/** Bytes of lines in one request, about: some thousand points. */
const partBytes = 256 * 1024;

/** Entries as lines, some thousand at a time. */
async function* inParts(entries: Iterable<Entry> | AsyncIterable<Entry>): AsyncGenerator<string> {
  let lines = '';
  for await (const { timestamp, data } of entries) {
    lines += `${JSON.stringify({ timestamp, data })}\n`;
    if (lines.length < partBytes) continue;
    yield lines;
    lines = '';
  }
  if (lines !== '') yield lines;
}

type Import = Pick<RetryOptions, 'signal' | 'timeoutMs'> & { entries: Iterable<Entry> | AsyncIterable<Entry> };

async function importAll(caller: Caller, call: Call, { entries, signal, timeoutMs = 60_000 }: Import): Promise<number> {
  let written = 0;
  const headers = { 'content-type': 'application/x-ndjson' };
  for await (const body of inParts(entries)) {
    const { body: answer } = await retry(() => caller.ask({ ...call, headers, body, signal }), { signal, timeoutMs });
    written += (JSON.parse(answer.toString()) as { written: number }).written;
  }
  return written;
}

/** A token for everything below the datasource serves all of its reads. */
const callsTo =
  (host: string, kind: 'ts' | 'ts/blob') =>
  (method: Call['method'], id: string, rest = ''): Call => {
    const base = `/${kind}${pathOf`/${id}`}`;
    const path = `${base}${rest}`;
    return { host, method, path, scopes: rest === '' ? [path] : [`${base}/*`, path] };
  };

const json = { 'content-type': 'application/json' };

/** Both kinds have every method; the types say which of them the box answers. */
export function createSeries(
  caller: Caller,
  host: string,
  kind: 'ts' | 'ts/blob',
): BlobSeries & Pick<NumericSeries, 'buckets'> {
  const call = callsTo(host, kind);
  const read = async <T>(id: string, rest: string, options?: Options): Promise<T> => {
    const { body } = await caller.ask(call('GET', id, `${rest}${tail(options)}`));
    const answer = JSON.parse(body.toString()) as T;
    return options?.aggregation ? ((answer as { result?: number }).result as T) : answer;
  };
  const post = async (target: Call, data: unknown): Promise<string> => {
    return (await caller.ask({ ...target, headers: json, body: JSON.stringify(data) })).body.toString();
  };
  return {
    write: async (id, data) => void (await post(call('POST', id), data)),
    writeAt: async (id, timestamp, data) =>
      void (await post({ ...call('POST', id, `/at/${timestamp}`), scopes: [`/${kind}${pathOf`/${id}/at/*`}`] }, data)),
    batch: async (id, entries) =>
      (JSON.parse(await post(call('POST', id, '/batch'), entries)) as { written: number }).written,
    import: async (id, entries, options) => importAll(caller, call('POST', id, '/batch'), { entries, ...options }),
    latest: (id) => read(id, '/latest'),
    earliest: (id) => read(id, '/earliest'),
    length: async (id) => (await read<{ length: number }>(id, '/length')).length,
    entries: (id, query = {}) => paged(caller, call('GET', id, spanOf(query))),
    observe: (id, options) => observe(caller, call('GET', id), options),
    lastN: (id: string, n: number, options?: Options): Promise<Entry[]> => read(id, `/last/${n}`, options),
    firstN: (id: string, n: number, options?: Options): Promise<Entry[]> => read(id, `/first/${n}`, options),
    since: (id: string, timestamp: number, options?: Options): Promise<Entry[]> =>
      read(id, `/since/${timestamp}`, options),
    // A query has two ends, and may be filtered.
    // eslint-disable-next-line max-params
    range: (id: string, from: number, to: number, options?: Options): Promise<Entry[]> =>
      read(id, `/range/${from}/${to}`, options),
    async buckets(id: string, query: BucketQuery) {
      const { minimumSampleInterval: coarse = null } = query;
      const caveats = coarse === null ? [] : [{ 'minimum-sample-interval': coarse }];
      const { body } = await caller.ask({ ...call('GET', id, bucketsOf(query)), caveats });
      return JSON.parse(body.toString()) as Entry<{ value: number }>[];
    },
  };
}
