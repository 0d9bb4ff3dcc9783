/** Requests that a document allows, and the many that it does not. */
import fc from 'fast-check';
import type { Described, Json, Operation } from './document.ts';
import { fitting, wildBody, wildPath } from './values.ts';

/** How a request departs from the document. */
const departures = [
  'none',
  'token',
  'body',
  'type',
  'path',
  'query',
  'method',
  'headers',
  'framing',
  'pipeline',
  'gone',
] as const;
export type Departure = (typeof departures)[number];

export type Request = {
  departure: Departure;
  method: string;
  /** Path template that it was made from. */
  template: string;
  operation: Operation;
  target: string;
  /** Decoded, without the query: what a token names. */
  path: string;
  token: 'right' | 'wrong' | 'none';
  headers: string[];
  body: Buffer | undefined;
  parsed: unknown;
  framing: 'length' | 'chunks' | (typeof framings)[number];
  times: number;
  end?: 'reset' | 'half';
};

const framings = ['bad chunk', 'no end', 'both', 'two lengths', 'negative', 'trailer', 'extension'] as const;
const encoded = (text: string): string => encodeURIComponent(text).replaceAll("'", '%27');

type Made = {
  path: Record<string, unknown>;
  query: Record<string, unknown>;
  header: Record<string, unknown>;
  type: string | undefined;
  body: unknown;
};

/** Values that mean something to the server at hand: a document cannot know what is installed. */
export type Samples = Record<string, { path?: Record<string, unknown>; body?: unknown }>;

const mayRefuse = ['cursor', 'if-match', 'if-none-match'];

/** What the document asks for, each with a value. */
function allowed(
  described: Described,
  { parameters = [], requestBody }: Operation,
  sample: Samples[string] = {},
): fc.Arbitrary<Made> {
  const values = (where: string): fc.Arbitrary<Record<string, unknown>> => {
    const some = parameters.filter((parameter) => parameter.in === where);
    const required = some.filter((parameter) => parameter.required).map(({ name }) => name);
    // What goes on until its reader leaves has tests of its own, and would only hold a connection here.
    const shapes = some.filter(({ name }) => !['observe', 'format', 'follow', 'wait'].includes(name));
    const record = (chosen: typeof some) =>
      fc.record(Object.fromEntries(chosen.map(({ name, schema }) => [name, fitting(described, schema)])), {
        requiredKeys: required,
      });
    // What a page or a value before gave: a made-up one is refused, and must not be in nearly all that is asked.
    const begun = shapes.filter(({ name }) => !mayRefuse.includes(name));
    if (begun.length === shapes.length) return record(shapes);
    return fc.oneof({ weight: 4, arbitrary: record(begun) }, { weight: 1, arbitrary: record(shapes) });
  };
  const contents = Object.entries(requestBody?.content ?? {});
  const bodies =
    contents.length === 0
      ? fc.constant<Pick<Made, 'type' | 'body'>>({ type: undefined, body: undefined })
      : fc.oneof(
          ...contents.map(([type, { schema }]): fc.Arbitrary<Pick<Made, 'type' | 'body'>> =>
            bodyOf(described, type, schema),
          ),
        );
  return fc.tuple(values('path'), values('query'), values('header'), bodies).chain(([path, query, header, body]) => {
    const made = { path, query, header, ...body };
    const known = { ...made, path: { ...path, ...sample.path }, body: sample.body ?? body.body };
    return fc.oneof({ weight: 1, arbitrary: fc.constant(made) }, { weight: 2, arbitrary: fc.constant(known) });
  });
}

const bodyOf = (described: Described, type: string | undefined, schema: Json) =>
  (type === 'application/json' ? fitting(described, schema) : fc.string({ maxLength: 40 })).map((body) => ({
    type,
    body,
  }));

/** Requests of these operations. */
export function requests(
  described: Described,
  operations: Described['operations'],
  samples: Samples,
): fc.Arbitrary<Request> {
  return fc.constantFrom(...operations).chain(({ method, path: template, operation }) =>
    fc
      .tuple(allowed(described, operation, samples[`${method} ${template}`]), departure, fc.nat(), wildBody, wildPath)
      .map(([made, how, dice, wild, path]): Request => {
        const request = written({ method, template, operation }, made);
        return { ...request, departure: how, ...departing[how](request, { dice, wild, path }) };
      }),
  );
}
const departure = fc.oneof(
  { weight: 10, arbitrary: fc.constant('none' as const) },
  { weight: 12, arbitrary: fc.constantFrom(...departures) },
);

function written(
  { method, template, operation }: Pick<Request, 'method' | 'template' | 'operation'>,
  made: Made,
): Request {
  const text = (name: string): string => String(made.path[name]);
  const inside = (name: string): string =>
    name === 'rest' || (name === 'path' && template.startsWith('/stores/')) ? text(name) : encoded(text(name));
  const query = new URLSearchParams(
    Object.entries(made.query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  const body =
    made.body === undefined
      ? undefined
      : Buffer.from(made.type === 'application/json' ? JSON.stringify(made.body) : (made.body as string));
  return {
    ...{
      departure: 'none',
      method,
      template,
      operation,
      token: 'right',
      parsed: made.body,
      framing: 'length',
      times: 1,
      body,
    },
    path: template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => text(name)),
    target: template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => inside(name)) + (query === '' ? '' : `?${query}`),
    headers: [
      ...(made.type === undefined ? [] : [`content-type: ${made.type}`]),
      ...Object.entries(made.header).map(([name, value]) => `${name}: ${String(value)}`),
    ],
  };
}

type Chance = { dice: number; wild: Buffer; path: string };
const one = <T>(dice: number, ...choices: T[]): T => choices[dice % choices.length] as T;

const strangeTypes = [
  'text/html',
  'application/json; charset=latin1',
  'image/png',
  '',
  ',',
  'application/octet-stream',
];
const strangeAccepts = ['text/html', 'image/*', ',', '*/*;q=0'];
const strangeQueries = ['a=b', 'observe=x', 'limit=-1', 'since=1e999', 'follow=7', '%', '__proto__=1', 'data[a]=b'];
const strangeMethods = 'HEAD OPTIONS PUT PATCH TRACE DELETE POST GET PROPFIND M-SEARCH'.split(' ');
const strangeHeaders = [
  ...[['expect: 100-continue'], ['expect: nothing'], ['upgrade: websocket', 'connection: upgrade']],
  ...[['x-api-key: a', 'x-api-key: b'], [`cookie: ${'a=b; '.repeat(900)}`], ['content-encoding: gzip']],
  ...[[`x: ${'y'.repeat(20_000)}`], ['x y: z'], ['x: \x01'], ['range: bytes=0-'], ['te: trailers']],
  ...[['authorization: Bearer'], ['transfer-encoding: gzip'], ['if-match: a'], ['if-none-match: *'], ['if-range: "a"']],
];

const departing: Record<Departure, (request: Request, chance: Chance) => Partial<Request>> = {
  none: () => ({}),
  token: (_request, { dice }) => ({ token: one(dice, 'wrong', 'none') }),
  body({ body }, { dice, wild }) {
    if (dice % 40 === 0) return { body: Buffer.alloc(3_000_000, 0x61) };
    return { body: dice % 3 === 0 && body ? body.subarray(0, body.length / 2) : wild };
  },
  type: (_request, { dice }) => ({
    headers: [`content-type: ${one(dice, ...strangeTypes)}`, `accept: ${one(dice, ...strangeAccepts)}`],
  }),
  path: ({ target }, { dice, path }) => ({
    target: one(dice, path, `${target}${path}`, target.replace(/[a-z]/, '%'), `${target}/..`),
  }),
  query: ({ target }, { dice }) => ({
    target: `${target}${target.includes('?') ? '&' : '?'}${one(dice, ...strangeQueries)}`,
  }),
  method: (_request, { dice }) => ({ method: one(dice, ...strangeMethods) }),
  headers: ({ headers }, { dice }) => ({ headers: [...headers, ...one(dice, ...strangeHeaders)] }),
  framing: ({ body }, { dice, wild }) => ({
    ...{ framing: one<Request['framing']>(dice, 'chunks', ...framings), body: body ?? wild, end: 'half' },
  }),
  pipeline: (_request, { dice }) => ({ times: 2 + (dice % 4) }),
  gone: ({ body }, { dice }) => ({
    ...{ body: body ?? Buffer.from('{}'), framing: 'no end', end: one(dice, 'reset', 'half') },
  }),
};

/** The bytes of a request. @param proof  the header lines that say who asks */
export function bytesOf(request: Request, host: string, proof: string[]): Buffer {
  const { method, target, headers, body, framing, times } = request;
  const frame = body === undefined ? ([Buffer.alloc(0), [] as string[]] as const) : framed(body, framing);
  const single = (last: boolean) =>
    Buffer.concat([
      Buffer.from(
        [
          `${method} ${target} HTTP/1.1`,
          `host: ${host}`,
          ...proof,
          ...headers,
          ...frame[1],
          ...(last ? ['connection: close'] : []),
          '',
          '',
        ].join('\r\n'),
      ),
      frame[0],
    ]);
  return Buffer.concat(Array.from({ length: times }, (_none, at) => single(at === times - 1)));
}

function framed(body: Buffer, framing: Request['framing']): readonly [Buffer, string[]] {
  const size = `content-length: ${body.length}`;
  const chunk = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
  const whole = (end: string) => Buffer.concat([...(body.length > 0 ? [chunk] : []), Buffer.from(end)]);
  const chunks = 'transfer-encoding: chunked';
  switch (framing) {
    case 'length':
      return [body, [size]];
    case 'chunks':
      return [whole('0\r\n\r\n'), [chunks]];
    case 'bad chunk':
      return [whole('zz\r\n'), [chunks]];
    case 'no end':
      return [body.subarray(0, body.length / 2), [`content-length: ${body.length + 10}`]];
    case 'both':
      return [whole('0\r\n\r\n'), [chunks, size]];
    case 'two lengths':
      return [body, [size, `content-length: ${body.length + 1}`]];
    case 'negative':
      return [body, ['content-length: -1']];
    case 'trailer':
      return [whole('0\r\nx: y\r\nx-api-key: z\r\n\r\n'), [chunks, 'trailer: x']];
    case 'extension':
      return [Buffer.concat([Buffer.from(`1;${'a=b;'.repeat(8_000)}\r\nx\r\n0\r\n\r\n`)]), [chunks]];
  }
}
