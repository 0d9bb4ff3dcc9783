/** api-page — docs/api.md: every route in a table, every named shape in a line of code. */
import type { Api, Call, Route } from '../../src/base/api.ts';
import { failures, type FailureCode } from '../../src/base/errors.ts';
import { documentOf, httpProblems, type Document, type Json, type Operation } from './openapi.ts';

export function apiPage(surfaces: readonly Api[]): string {
  return [
    '# Every route',
    '',
    'Printed from the tables that the routes are checked against. The same as OpenAPI 3.1 is at `GET /openapi.json` of each',
    'part, for whoever may reach it; it holds no data, so stores, arbiter and export service ask for no token. `databox dev`',
    'has all of its parts in one. Beside the listed refusals, [errors.md](errors.md) explains each, any listener gives',
    `${listOf(httpProblems)}; a path is asked for with GET wherever it is with HEAD.`,
    '',
    ...surfaces.flatMap(sectionOf),
  ].join('\n');
}

const listOf = (codes: readonly string[]): string => codes.map((code) => `\`${code}\``).join(', ');

function sectionOf(api: Api): string[] {
  const routes = Object.entries(api.calls) as [Route, Call][];
  const proofs = Object.values(api.security).map(
    ({ description = '', ...scheme }) => `${proofOf(scheme)}: ${description}`,
  );
  const document = documentOf([{ under: '', api }], '');
  return [
    `## ${api.title}`,
    '',
    `${api.description} At \`${api.server.url}\`.`,
    '',
    ...(proofs.length > 0 ? [...proofs.map((proof) => `- ${proof}`), ''] : []),
    ...(api.problems.length > 0 ? [`Any call may be refused with ${listOf(api.problems)}.`, ''] : []),
    '| request | takes | answers | may refuse with |',
    '|---|---|---|---|',
    ...routes.map(([route, call]) => rowOf(route, call, document)),
    '',
    ...shapesOf(document),
  ];
}

const proofOf = ({ in: where, name, scheme }: Record<string, string>): string =>
  scheme === undefined ? `${where} \`${name}\`` : `\`Authorization: ${scheme}\``;

const none: Pick<Operation, 'parameters' | 'requestBody' | 'responses'> = { responses: {} };

function rowOf(route: Route, call: Call, { paths }: Document): string {
  const [method = '', path = ''] = route.split(' ');
  const { parameters = [], requestBody, responses } = paths[path.replaceAll('*}', '}')]?.[method.toLowerCase()] ?? none;
  const asked = parameters
    .filter((each) => each.in !== 'path')
    .map(
      ({ name, in: where, required }) =>
        (where === 'query' ? `?${name}` : `${name}:`) + (required ? '' : ' (optional)'),
    );
  const bodies = Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => bodyOf(type, schema));
  const answers = Object.entries(call.answers).map(([status, { what }]) => {
    const { content = {} } = (responses[status] ?? {}) as { content?: Record<string, { schema: Json }> };
    return [`${status} ${what}`, ...Object.entries(content).map(([type, { schema }]) => bodyOf(type, schema))].join(
      '<br>',
    );
  });
  const codes = (call.problems ?? []).map((code: FailureCode) => `\`${code}\` ${failures[code].http}`);
  const does = `${sentence(call.summary)}${call.open ? ' (open to all)' : ''}${call.notes === undefined ? '' : `. ${call.notes}`}`;
  const cells = [`\`${route}\`<br>${does}`, [...asked, ...bodies].join('<br>'), answers.join('<br>'), codes.join(', ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** JSON by its shape, everything else by its media type. */
const bodyOf = (type: string, schema: Json): string =>
  type === 'application/json' || type === 'application/x-ndjson' ? `\`${typeOf(schema)}\`` : type;

function shapesOf({ components, paths }: Document): string[] {
  const text = JSON.stringify({ paths, components });
  const used = Object.entries(components.schemas).filter(
    ([name]) => name !== 'Problem' && text.includes(`"#/components/schemas/${name}"`),
  );
  if (used.length === 0) return [];
  const lines = used.flatMap(([name, schema]) => {
    const { description } = schema as { description?: string };
    return [...(description === undefined ? [] : [`// ${description}`]), `${name} = ${typeOf(schema)}`];
  });
  return ['```ts', ...lines, '```', ''];
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A schema as the type that a reader of TypeScript knows. */
function typeOf(schema: Json): string {
  const { $ref, type, anyOf, properties, required = [], items, additionalProperties: more } = schema as Known;
  if ($ref !== undefined) return $ref.split('/').at(-1) ?? '';
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) {
    return schema['enum'].length > 20 ? 'string' : schema['enum'].map((word) => JSON.stringify(word)).join(' | ');
  }
  if (anyOf) return anyOf.map(typeOf).join(' | ');
  if (type === 'array') return `${wrapped(typeOf(items ?? {}))}[]`;
  if (type !== 'object') return plain(schema);
  const members = Object.entries(properties ?? {}).map(
    ([name, of]) => `${/^\w+$/.test(name) ? name : `'${name}'`}${required.includes(name) ? '' : '?'}: ${typeOf(of)}`,
  );
  if (typeof more === 'object') members.push(`[name: string]: ${typeOf(more)}`);
  return members.length > 0 ? `{ ${members.join('; ')} }` : '{}';
}

type Known = {
  $ref?: string;
  type?: string;
  anyOf?: Json[];
  properties?: Record<string, Json>;
  required?: string[];
  items?: Json;
  additionalProperties?: Json | boolean;
};

const wrapped = (text: string): string => (/[|]/.test(text) && !text.startsWith('{') ? `(${text})` : text);
function plain({ type, format }: Json): string {
  if (type === undefined) return 'unknown';
  if (format === 'binary') return 'bytes';
  const types = [type].flat() as string[];
  return types.map((one) => (one === 'integer' ? 'number' : one)).join(' | ');
}
