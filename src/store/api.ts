/**
 * The store's HTTP surface: one entry for each path of the grammar. A new way to pick entries is a line of `picks`, a new
 * aggregate a word of `aggregates`; a new path is an entry of `calls`. Tests hold it against grammar.ts in both directions.
 */
import { z } from 'zod';
import {
  binary,
  Catalogue,
  descriptionCall,
  jsonOf,
  textOf,
  type Answer,
  type Api,
  type Call,
  type Content,
  type Route,
} from '../base/api.ts';
import type { FailureCode } from '../base/errors.ts';
import {
  Aggregate,
  Buckets,
  Count,
  Cursor,
  Document,
  Documents,
  EntityTags,
  Id,
  Ids,
  Interval,
  Key,
  PageLimit,
  Point,
  Points,
  Registration,
  Result,
  SeriesId,
  SeriesIds,
  Time,
  Word,
} from './api/shapes.ts';
import { mostEntriesAtOnce } from './entries.ts';
import { modes } from './events.ts';
import { longestWait } from './segments.ts';

const Watch = z.strictObject({
  observe: z.enum(modes).optional(),
  format: z.enum(['json', 'text', 'binary']).optional(),
});
/** The id of the last event that a watcher saw: it is told of a gap. */
const Resume = z.object({ 'last-event-id': z.string().optional() });
const watching: Content = { 'text/event-stream': z.string() };
type Reading = Omit<Call, 'answers'> & { what?: string; gives: Content };
type Calls = Record<Route, Call>;
/** A GET; any path may be watched instead of read. */
const reads = ({ what = 'what there is', gives, problems = [], ...call }: Reading): Call => ({
  ...{ ...call, query: Watch, headers: Resume, answers: { 200: { what, content: { ...gives, ...watching } } } },
  problems: ['value.invalid', 'content.unsupported', ...problems],
});
/** `lines` only of lines. */
const Written = z.strictObject({ written: z.int().min(0), lines: z.int().min(0).exactOptional() });
const inLines: Content = { 'application/x-ndjson': z.string() };
/** Entries, any number of them: in one array, one a line, or page by page. */
const readsMany = ({ problems = [], ...reading }: Reading): Call => {
  const what = 'entries, in an array or one a line';
  const link = { Link: '`<?limit=…&cursor=…>; rel="next"`: the next page, where there is one' };
  return {
    ...reads({ ...reading, problems: ['cursor.invalid', ...problems] }),
    query: Watch.extend({ limit: PageLimit.optional(), cursor: Cursor.optional() }),
    answers: { 200: { what, headers: link, content: { ...reading.gives, ...inLines, ...watching } } },
  };
};
/** A path that is written, and can be watched but not read. */
const watches = (call: Omit<Call, 'answers'>): Call => ({
  ...{ ...call, query: Watch, headers: Resume, answers: { 200: { what: 'events', content: watching } } },
  problems: ['value.invalid', 'content.unsupported'],
});
const stored: Record<number, Answer> = { 201: { what: 'it is on disk' } };
const writing: readonly FailureCode[] = [
  ...(['body.invalid', 'body.too-large', 'value.invalid', 'content.unsupported', 'store.full'] as const),
  'ledger.unavailable',
];
const writes = (call: Omit<Call, 'answers'>): Call => ({
  ...call,
  answers: stored,
  problems: [...writing, ...(call.problems ?? [])],
});
const erases = (call: Omit<Call, 'answers'>, problems: readonly FailureCode[] = []): Call => ({
  ...call,
  answers: { 204: { what: 'what the same GET would answer is gone' } },
  problems: ['value.invalid', 'content.unsupported', 'store.full', 'ledger.unavailable', ...problems],
});

type Pick = { shape: z.ZodRawShape; what: string; erasable: boolean };
/** How entries are picked: the segments after the id. */
const picks: Record<string, Pick> = {
  latest: { shape: {}, what: 'the newest entry of each series', erasable: true },
  earliest: { shape: {}, what: 'the oldest entry of each series', erasable: true },
  'last/{n}': { shape: { n: Count }, what: 'the newest n of each series, newest first', erasable: false },
  'first/{n}': { shape: { n: Count }, what: 'the oldest n of each series, oldest first', erasable: false },
  'since/{from}': { shape: { from: Time }, what: 'entries from a time on, newest first', erasable: true },
  'range/{from}/{to}': {
    shape: { from: Time, to: Time },
    what: 'entries of a closed interval, newest first',
    erasable: true,
  },
};
/** What narrows picked entries of numeric series. */
const filters: Record<string, Omit<Pick, 'erasable'>> = {
  '': { shape: {}, what: '' },
  '/filter/{tag}/{is}/{text}': {
    shape: { tag: Word, is: z.enum(['equals', 'contains']), text: Word },
    what: ', of those the ones whose tag equals or contains a text',
  },
};

function numeric(): Calls {
  const calls: Calls = {};
  for (const [pick, { shape, what, erasable }] of Object.entries(picks)) {
    for (const [filter, narrowed] of Object.entries(filters)) {
      const path = z.object({ ids: SeriesIds, ...shape, ...narrowed.shape });
      const summary = `${what}${narrowed.what}`;
      const at = `/ts/{ids}/${pick}${filter}` as const;
      calls[`GET ${at}`] = readsMany({ path, summary, gives: jsonOf(Points) });
      calls[`GET ${at}/{by}`] = reads({
        ...{ path: path.extend({ by: Aggregate }), summary: `An aggregate of: ${summary}` },
        ...{ what: 'the number; `{}` where there is none', gives: jsonOf(Result) },
      });
      calls[`GET ${at}/every/{ms}/{by}`] = reads({
        ...{ path: path.extend({ ms: Interval, by: Aggregate }), summary: `Aggregates by bucket of: ${summary}` },
        ...{ what: 'a number for each bucket that has one, at its start', gives: { ...jsonOf(Buckets), ...inLines } },
      });
      if (erasable) calls[`DELETE ${at}`] = erases({ path, summary: `Deletes ${summary}` });
    }
  }
  return calls;
}

function blobs(): Calls {
  const calls: Calls = {};
  for (const [pick, { shape, what, erasable }] of Object.entries(picks)) {
    const path = z.object({ ids: Ids, ...shape });
    calls[`GET /ts/blob/{ids}/${pick}`] = readsMany({ path, summary: what, gives: jsonOf(Documents) });
    if (erasable) calls[`DELETE /ts/blob/{ids}/${pick}`] = erases({ path, summary: `Deletes ${what}` });
  }
  return calls;
}

/** Writing, counting and watching: the same for both kinds of series. */
function series(
  root: '/ts' | '/ts/blob',
  { id, ids, body }: { id: z.ZodType; ids: z.ZodType; body: z.ZodType },
): Calls {
  const many = z.array(z.strictObject({ timestamp: Time.optional(), data: body })).max(mostEntriesAtOnce);
  return {
    [`POST ${root}/{id}`]: writes({ path: z.object({ id }), summary: 'Writes an entry now', body: jsonOf(body) }),
    [`GET ${root}/{id}`]: watches({ path: z.object({ id }), summary: 'Watches writes; refused otherwise' }),
    [`POST ${root}/{id}/at/{time}`]: writes({
      ...{ path: z.object({ id, time: Time }), summary: 'Writes an entry at a time', body: jsonOf(body) },
    }),
    [`POST ${root}/{id}/batch`]: {
      ...{ path: z.object({ id }), summary: 'Writes many entries' },
      body: { ...jsonOf(many), ...inLines },
      notes: `JSON: at most ${mostEntriesAtOnce} entries, all or none. Lines: any number, stored as they come; one that the series has already (same time, same data) is not written again. An entry without a timestamp has the time of arrival. A refusal has \`pointer\`, which entry and what of it (RFC 6901); of lines also \`lines\`, how many are dealt with, \`written\`, how many entries that made, and \`line\`, the one at fault, from 1.`,
      answers: { 201: { what: 'they are on disk', content: jsonOf(Written) } },
      problems: [...writing, 'request.timeout' as const],
    },
    [`GET ${root}/{ids}/length`]: reads({
      ...{ path: z.object({ ids }), summary: 'How many entries there are' },
      gives: jsonOf(z.strictObject({ length: z.int().min(0) })),
    }),
  };
}

/** Functions between components: what is sent and answered is passed on as it came. */
function functions(): Calls {
  const path = z.object({ name: Id, job: Id });
  const passes = { path, body: values };
  const wait = z.int().min(0).max(longestWait).optional();
  return {
    'POST /notification/request/{name}/{job}': {
      ...writes({ ...passes, summary: 'Calls a function', problems: ['function.unobserved'] }),
      answers: { 201: { what: 'whoever provides it was told' } },
    },
    'GET /notification/request/{name}/{job}': watches({ path, summary: 'Watches calls; refused otherwise' }),
    'POST /notification/response/{name}/{job}': {
      ...writes({ ...passes, summary: 'Answers a call' }),
      answers: { 201: { what: 'the caller has it, or gets it within a minute' } },
    },
    'GET /notification/response/{name}/{job}': {
      ...reads({
        path,
        summary: 'The answer of a call, once',
        gives: values,
        problems: ['function.silent', 'function.taken'],
      }),
      query: Watch.extend({ wait }),
    },
  };
}

/** Content type of a value chooses its namespace. */
const values: Content = { 'application/json': Document, 'text/plain': z.string(), 'application/octet-stream': binary };
const keyed = { path: z.object({ id: Id, key: Key }) };

function keysAndValues(): Calls {
  const path = z.object({ id: Id });
  const namespace = { notes: 'The namespace is that of `Accept`; a DELETE may name it in `Content-Type` instead.' };
  const tagged = { ETag: 'of the value: another one after each change, and no two keys have the same' };
  const writing = z.object({ 'if-match': EntityTags.optional(), 'if-none-match': EntityTags.optional() });
  return {
    'POST /kv/{id}/{key}': {
      ...writes({ ...keyed, summary: 'Writes a value', body: values, problems: ['precondition.failed'] }),
      ...{ headers: writing, answers: { 201: { what: 'it is on disk', headers: tagged } } },
    },
    'GET /kv/{id}/{key}': {
      ...reads({ ...keyed, ...namespace, summary: 'A value of one namespace', gives: values }),
      headers: Resume.extend({ 'if-none-match': EntityTags.optional() }),
      answers: {
        200: {
          what: 'the value; `{}` or nothing, and no ETag, where there is none',
          headers: tagged,
          content: { ...values, ...watching },
        },
        304: { what: 'the value is one that If-None-Match names', headers: tagged },
      },
    },
    'DELETE /kv/{id}/{key}': {
      ...erases({ ...keyed, ...namespace, summary: 'Deletes a value of one namespace' }, ['precondition.failed']),
      headers: writing,
    },
    'DELETE /kv/{id}': erases({ path, ...namespace, summary: 'Deletes every value of one namespace' }),
    'GET /kv/{id}/keys': reads({
      ...{ path, ...namespace, summary: 'The keys of one namespace, newest first', gives: jsonOf(z.array(z.string())) },
    }),
    'GET /kv/{id}/count': reads({
      ...{ path, ...namespace, summary: 'How many keys one namespace has' },
      gives: jsonOf(z.strictObject({ count: z.int().min(0) })),
    }),
  };
}

export const storeApi: Api = {
  name: 'store',
  title: 'Databox store',
  description:
    'Time series, keys and values of one component; rest.md has examples. A token permits one method on one path, or on those that begin alike. Every GET may watch instead of read: with `Accept: text/event-stream` or `observe` it is answered by Server-Sent Events, one for each write from then on.',
  server: {
    url: 'https://{store}:8080',
    variables: { store: { default: 'driver-os-monitor-core-store', description: '`<component>-core-store`' } },
  },
  security: {
    token: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Api-Key',
      description: 'a token of the arbiter for this store, method and path',
    },
    bearer: { type: 'http', scheme: 'bearer', description: 'the same token' },
  },
  problems: [
    ...([
      'token.missing',
      'token.invalid',
      'token.forbidden',
      'path.invalid',
      'path.unknown',
      'precondition.invalid',
    ] as const),
    ...(['method.refused', 'store.unknown', 'store.unavailable', 'rate.exceeded'] as const),
  ],
  calls: {
    'GET /openapi.json': { ...descriptionCall, open: true },
    'GET /hello': reads({ summary: 'Says hello', gives: textOf(z.literal('hello world!')) }),
    'GET /status': reads({ summary: 'Whether it works', gives: textOf(z.literal('active')) }),
    'GET /time': reads({
      summary: 'UTC',
      gives: textOf(z.string().regex(/^[A-Z][a-z]{2} \d{1,2} \d{1,2}:\d{1,2}:\d{1,2}$/)),
    }),
    'GET /uptime': reads({
      summary: 'Ms since it was opened',
      gives: jsonOf(z.strictObject({ uptime: z.int().min(0) })),
    }),
    'GET /cat': reads({ summary: 'Its datasources, newest registration first', gives: jsonOf(Catalogue) }),
    'POST /cat': writes({
      ...{ summary: 'Registers a datasource; the same href replaces', body: jsonOf(Registration) },
      problems: ['catalogue.invalid'],
    }),
    ...series('/ts', { id: SeriesId, ids: SeriesIds, body: Point }),
    ...series('/ts/blob', { id: Id, ids: Ids, body: Document }),
    ...numeric(),
    ...blobs(),
    ...keysAndValues(),
    ...functions(),
  },
};
