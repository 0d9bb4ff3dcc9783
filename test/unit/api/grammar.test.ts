/** The store's document against the grammar that answers: neither knows a path that the other does not. */
import fc from 'fast-check';
import { Failure } from '../../../src/base/errors.ts';
import { methods, type Method } from '../../../src/base/names.ts';
import { canonicalPath } from '../../../src/base/paths.ts';
import { parse } from '../../../src/store/grammar.ts';
import { aggregates } from '../../../src/store/operations.ts';
import { readDocument, type Json } from './document.ts';

const store = readDocument('src/store/openapi.json');
const { document } = store;

/** Each documented path as a matcher of decoded segments; the literal ones first, as OpenAPI has it. */
const templates = Object.entries(document.paths)
  .map(([path, operations]) => ({ path, operations, parts: path.slice(1).split('/') }))
  .map((each) => ({ ...each, literal: each.parts.filter((part) => !part.startsWith('{')).length }))
  .sort((a, b) => b.literal - a.literal);

const fits = (schema: Json, text: string): boolean =>
  store.faults(schema, store.bare(schema)['type'] === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text) === '';

/** The documented path that a request means, null for none. */
function documented(method: Method, path: string): string | null {
  const segments = path.slice(1).split('/');
  const found = templates.find(({ parts, operations }) => {
    const operation = operations[method.toLowerCase()];
    if (!operation || parts.length !== segments.length) return false;
    return parts.every((part, at) => {
      const name = /^\{(.+)\}$/.exec(part)?.[1];
      if (name === undefined) return part === segments[at];
      const schema = operation.parameters?.find((parameter) => parameter.name === name)?.schema ?? {};
      return fits(schema, segments[at] ?? '');
    });
  });
  return found?.path ?? null;
}

/** What the grammar reads, null for what it refuses. */
function read(method: Method, path: string): string | null {
  try {
    return parse({ method, path: canonicalPath(path), format: 'json' }).do;
  } catch (err) {
    if (err instanceof Failure) return null;
    throw err;
  }
}

const words = [
  ...[
    'ts',
    'blob',
    'kv',
    'cat',
    'hello',
    'time',
    'uptime',
    'status',
    'at',
    'batch',
    'latest',
    'earliest',
    'last',
    'first',
  ],
  ...['since', 'range', 'filter', 'every', 'equals', 'contains', 'length', 'keys', 'count', ...aggregates],
  ...['a', 'a,b', 'a,a', 'x y', '0', '1', '-1', '10', '1000001', '1767225600000', '9007199254740992', '1.5', 'ä'],
];
const starts = [['ts', 'a'], ['ts', 'blob', 'a'], ['ts'], ['kv'], ['notification', 'request'], ['notification', 'response'], []]; // prettier-ignore
const paths = fc
  .tuple(fc.constantFrom(...starts), fc.array(fc.constantFrom(...words), { maxLength: 8 }))
  .map(([start, rest]) => `/${[...start, ...rest].join('/')}`);
/** Only watched; and the description itself. */
const elsewhere = ['/ts/{id}', '/ts/blob/{id}', '/notification/request/{name}/{job}', '/openapi.json'];

test('a path is in the document exactly where the grammar reads it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...methods), paths, (method, path) => {
      const meant = read(method, path);
      // Joined ids are there once each, which JSON Schema cannot say.
      if (path.includes('a,a')) return;
      const found = documented(method, path);
      if (method === 'GET' && elsewhere.includes(found ?? '')) return;
      expect({ method, path, documented: found !== null }).toEqual({ method, path, documented: meant !== null });
    }),
    { numRuns: 8_000 },
  );
}, 60_000);

test('every documented path is one of the grammar, with values that fit', () => {
  const reached = new Set<string>();
  const samples: Record<string, string> = {
    n: '3',
    from: '1',
    to: '2',
    time: '5',
    is: 'equals',
    by: 'mean',
    ms: '60000',
  };
  const strangers = Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.keys(operations).flatMap((method) => {
      if (method === 'get' && elsewhere.includes(template)) return [];
      const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => samples[name] ?? 'a');
      const meant = read(method.toUpperCase() as Method, path);
      if (meant) reached.add(meant);
      return meant === null ? [`${method} ${template}`] : [];
    }),
  );
  expect(strangers).toEqual([]);
  const operations = [
    'aggregate',
    'append',
    'batch',
    'buckets',
    'catalogue',
    'count',
    'drop',
    'entries',
    'erase',
    'function',
    'hello',
    'keys',
  ];
  const more = ['length', 'put', 'register', 'status', 'time', 'uptime', 'value'];
  expect([...reached].sort()).toEqual([...operations, ...more]);
});
