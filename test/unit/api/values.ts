/** Values that fit a schema of the document, and values that fit nothing. */
import fc from 'fast-check';
import type { Described, Json } from './document.ts';

type Schema = {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Json[];
  oneOf?: Json[];
  examples?: unknown[];
  properties?: Record<string, Json>;
  required?: string[];
  additionalProperties?: Json | boolean;
  items?: Json;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
};

const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abcxyz019-_. ÄÖ'.split('')) });
const json = fc.jsonValue({ maxDepth: 3 });

/** Values of a schema; what a generator cannot know (a pattern, a refinement) is left to the schema's own judgement. */
export function fitting(described: Described, schema: Json): fc.Arbitrary<unknown> {
  const bare = described.bare(schema) as Schema;
  const made = madeFor(described, bare).filter((value) => described.faults(schema, value) === '');
  return bare.examples
    ? fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...bare.examples) }, { weight: 1, arbitrary: made })
    : made;
}

function madeFor(described: Described, schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => fitting(described, one)));
  const [type] = [schema.type ?? []].flat();
  if (type === 'object') return objects(described, schema);
  if (type === 'array') return fc.array(schema.items ? fitting(described, schema.items) : json, { maxLength: 4 });
  if (type === 'boolean') return fc.boolean();
  if (type === 'number' || type === 'integer') return numbers(schema);
  if (type === 'string') return word.map((text) => text.padEnd(schema.minLength ?? 0, 'x').slice(0, schema.maxLength));
  return json;
}

function numbers({ type, minimum, maximum }: Schema): fc.Arbitrary<number> {
  if (type === 'number') return fc.double({ min: minimum ?? -1e6, max: maximum ?? 1e6, noNaN: true }).map((n) => n + 0);
  const [least, most] = [minimum ?? -1e15, maximum ?? 1e15];
  const usual = fc.integer({ min: Math.max(least, -1_000), max: Math.min(most, 1_000) });
  return fc.oneof(usual, fc.constantFrom(least, most));
}

function objects(described: Described, { properties = {}, required = [], additionalProperties: more }: Schema) {
  const known = Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, fitting(described, of)]));
  const record = fc.record(known, { requiredKeys: required });
  if (typeof more !== 'object') return record;
  const others = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fitting(described, more), { maxKeys: 1 });
  return fc.tuple(others, record).map(([loose, strict]): unknown => ({ ...loose, ...strict }));
}

const deep = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
const bytes = (text: string) => Buffer.from(text);

/** Bodies that no route takes, or only by luck. */
export const wildBody: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
  json.map((value) => bytes(JSON.stringify(value))),
  fc
    .constantFrom(
      '',
      '{',
      '[',
      '"',
      '{"value":',
      'null',
      '{"value":1e999}',
      '{"value":1,"value":2}',
      '\u{feff}{}',
      '{"a":"\\ud800"}',
    )
    .map(bytes),
  fc
    .constantFrom(65, 2_000, 100_000)
    .chain((depth) => fc.constantFrom(bytes(deep(depth, '[', ']')), bytes(deep(depth, '{"a":', '}')))),
  fc.constantFrom(bytes(`{"value":1${'0'.repeat(100_000)}}`), bytes(`"${'x'.repeat(70_000)}"`)),
  fc.constantFrom(Buffer.from('{"value":1}', 'utf16le'), Buffer.from([0xc3, 0x28]), Buffer.from([0xff, 0xfe, 0, 0])),
  fc.constant(bytes('{"__proto__":{"a":1},"constructor":{"prototype":1}}')),
);
/** Targets that a client should not send. */
export const wildPath: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '*',
    '/',
    '//',
    '/..',
    '/%2e%2e/',
    '/%00',
    '/%',
    '/%zz',
    '/%ff',
    '/\\',
    '/a//b',
    '/?',
    '/??a',
    '/#',
    'http://a/b',
    'a',
  ),
  fc
    .array(
      fc.constantFrom(
        'ts',
        'kv',
        'blob',
        'ui',
        'api',
        'core-ui',
        'a',
        '..',
        '%2f',
        '%5c',
        '%C3%A4',
        '',
        ';x',
        '*',
        ',',
      ),
      { maxLength: 8 },
    )
    .map((parts) => `/${parts.join('/')}`),
  fc.webPath(),
  fc.constantFrom(9_000, 15_000).map((length) => `/${'a'.repeat(length)}`),
);
