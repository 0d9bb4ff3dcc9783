/** openapi — prints route tables (`src/base/api.ts`) as OpenAPI 3.1, whose schemas are JSON Schema as zod prints it. */
import { z } from 'zod';
import type { Answer, Api, Call, Content, Route } from '../../src/base/api.ts';
import { failures, type FailureCode } from '../../src/base/errors.ts';

export type Json = { [member: string]: unknown };
export type Part = { under: string; api: Api };
export type Document = Json & {
  openapi: string;
  info: { title: string; description: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; responses: Record<string, Json>; securitySchemes: Record<string, Json> };
};
export type Operation = Json & {
  summary: string;
  parameters?: { name: string; in: string; required: boolean; schema: Json }[];
  requestBody?: { required: true; content: Record<string, { schema: Json }> };
  responses: Record<string, Json>;
  security: Record<string, never[]>[];
};

type Schemas = Record<string, Json>;
type Io = 'input' | 'output';

/** @throws when two shapes of one name differ, or a path names a parameter without a shape */
export function documentOf(parts: readonly Part[], version: string): Document {
  const { title, description, server } = parts[0]?.api ?? fail('nothing to describe');
  const schemas: Schemas = { Problem: problemSchema };
  const responses: Schemas = { http: refusal(httpProblems) };
  const securitySchemes: Schemas = {};
  const paths: Document['paths'] = {};
  for (const { under, api } of parts) {
    for (const [name, scheme] of Object.entries(api.security)) securitySchemes[`${api.name}.${name}`] = scheme;
    for (const [route, call] of Object.entries(api.calls) as [Route, Call][]) {
      const [method = '', path = ''] = route.split(' ');
      if (under !== '' && path === '/openapi.json' && under.startsWith('/{')) continue;
      const operation = operationOf({ api, route, call, under, schemas, responses });
      (paths[`${under}${path.replaceAll('*}', '}')}`] ??= {})[method.toLowerCase()] = operation;
    }
  }
  return {
    openapi: '3.1.1',
    info: { title, version, description },
    servers: [server],
    paths,
    components: { schemas: sorted(schemas), responses: sorted(responses), securitySchemes },
  };
}

const fail = (why: string): never => {
  throw new Error(why);
};
const sorted = (members: Schemas): Schemas =>
  Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));

const problemSchema: Json = {
  description: 'RFC 9457; further members are facts of the failure',
  type: 'object',
  properties: {
    type: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(failures) },
    title: { type: 'string' },
  },
  required: ['type', 'status', 'code', 'title'],
};

type Printing = { api: Api; route: Route; call: Call; under: string; schemas: Schemas; responses: Schemas };

function operationOf({ api, route, call, under, schemas, responses }: Printing): Operation {
  const parameters = parametersOf({ route: `${under}${route.split(' ')[1] ?? ''}`, call, schemas });
  const content = (of: Content, io: Io) =>
    Object.fromEntries(Object.entries(of).map(([type, shape]) => [type, { schema: schemaOf(shape, io, schemas) }]));
  const answers = Object.entries(call.answers).map(([status, answer]) => [status, answerOf(answer, content)]);
  return {
    operationId: idOf(`${route.replace(' ', ` ${under} `)}`.replace(/\/$/, ' index')),
    summary: call.summary,
    ...(call.notes !== undefined && { description: call.notes }),
    tags: [api.name],
    ...(parameters.length > 0 && { parameters }),
    ...(call.body && { requestBody: { required: true as const, content: content(call.body, 'input') } }),
    responses: {
      ...(Object.fromEntries(answers) as Record<string, Json>),
      ...refusalsOf(codesOf(api, call), responses),
      default: { $ref: '#/components/responses/http' },
    },
    security: call.open ? [] : Object.keys(api.security).map((name) => ({ [`${api.name}.${name}`]: [] as never[] })),
  };
}

/** Every code that a call may be refused with. */
export const codesOf = (api: Api, call: Call): FailureCode[] =>
  [...new Set([...(call.open ? [] : api.problems), ...(call.problems ?? [])])].sort();

/** What listeners refuse before any route is looked for. */
export const httpProblems = [
  ...(['request.invalid', 'request.timeout', 'request.too-large', 'expectation.refused', 'body.too-large'] as const),
] satisfies FailureCode[];

function answerOf({ what, content, headers }: Answer, print: (of: Content, io: Io) => Json): Json {
  const described = Object.entries(headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    description: what,
    ...(headers && { headers: Object.fromEntries(described) as Json }),
    ...(content && { content: print(content, 'output') }),
  };
}

/** One response for each status; equal ones are printed once. */
function refusalsOf(codes: readonly FailureCode[], responses: Schemas): Record<string, Json> {
  const byStatus = Map.groupBy(codes, (code) => failures[code].http);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => {
      const name = `${status}.${some.join('.')}`.replaceAll('-', '_');
      responses[name] = refusal(some);
      return [String(status), { $ref: `#/components/responses/${name}` }];
    }),
  );
}

const refusal = (codes: readonly FailureCode[]): Json => ({
  description: codes.map((code) => `\`${code}\`: ${failures[code].doc}`).join(' '),
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem', properties: { code: { enum: codes } } },
    },
  },
});

function parametersOf({ route, call, schemas }: { route: string; call: Call; schemas: Schemas }) {
  const named = [...route.matchAll(/\{(\w+)\*?\}/g)].map(([, name = '']) => name);
  const inPath = named.map((name) => {
    const shape = (call.path?.shape[name] ??
      (name === 'store' ? storeName : fail(`${route}: ${name} has no shape`))) as z.ZodType;
    return { name, in: 'path', required: true, schema: schemaOf(shape, 'input', schemas) };
  });
  return [...inPath, ...given('query', call.query, schemas), ...given('header', call.headers, schemas)];
}
/** At the desk the store is a segment of the path. */
const storeName = z.string().meta({ examples: ['driver-os-monitor-core-store'] });

const given = (where: string, shape: z.ZodObject | undefined, schemas: Schemas) =>
  Object.entries(shape?.shape ?? {}).map(([name, of]) => {
    const schema = of as z.ZodType;
    return {
      name,
      in: where,
      required: !schema.safeParse(undefined).success,
      schema: schemaOf(schema, 'input', schemas),
    };
  });

/** A shape as JSON Schema; named ones go to `schemas` and are referred to. */
function schemaOf(shape: z.ZodType, io: Io, schemas: Schemas): Json {
  // As a member: a named shape at the top would not be a reference.
  const whole = z.toJSONSchema(z.object({ shape }), { io, unrepresentable: 'any' });
  const text = JSON.stringify(whole).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $defs = {}, properties } = JSON.parse(text) as { $defs?: Schemas; properties: { shape: Json } };
  for (const [name, definition] of Object.entries($defs)) keep(name, bare(definition), schemas);
  return bare(properties.shape);
}

function keep(name: string, schema: Json, schemas: Schemas): void {
  const known = schemas[name];
  if (known && JSON.stringify(known) !== JSON.stringify(schema)) fail(`two shapes are called ${name}`);
  schemas[name] = schema;
}

const bare = ({ id: _id, ...schema }: Json): Json => schema;

function idOf(text: string): string {
  const [first = '', ...rest] = text.split(/\W+/).filter((word) => word !== '');
  return first.toLowerCase() + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
