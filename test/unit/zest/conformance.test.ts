/** The table of the store's conformance, at the other door: what REST answers, Zest answers with the code that stands for it. */
import { scenarios as bodies } from '../store/cases.bodies.ts';
import type { Step } from '../store/cases.ts';
import { scenarios as keys } from '../store/cases.keys.ts';
import { scenarios as series } from '../store/cases.series.ts';
import { openStoreDoor } from './house.ts';
import { connect } from './raw.ts';

const scenarios = { ...keys, ...series, ...bodies };
const formats: Record<string, number> = { 'application/json': 50, 'text/plain': 0, 'application/octet-stream': 42 };
const methods = ['GET', 'POST', 'DELETE'];

/** By HTTP status, as docs/zest.md has it; 405 of a DELETE that asks a question about a series is 134. */
const codes: Record<number, number> = { 200: 69, 201: 65, 204: 66, 400: 128, 403: 129, 404: 128, 405: 128, 415: 128 };
const question = /^\/ts\/(blob\/)?[^/]+\/((first|last)\/.*|(.*\/)?(sum|count|min|max|mean|median|sd|length))$/;

/** What REST has and Zest has not: other media types, other verbs, a status, many entries at once. */
const isOfBoth = ([request, , , , headers = {}]: Step): boolean => {
  const [method = '', path = ''] = request.split(' ');
  const said = [headers['content-type'], headers['accept']].filter((type) => type !== undefined);
  const known =
    said.every((type) => type in formats) && Object.keys(headers).every((name) => /^(content-type|accept)$/.test(name));
  return known && methods.includes(method) && path !== '/status' && !/\/batch$/.test(path);
};

function formatOf([request, , , , headers = {}]: Step): number {
  const { accept, 'content-type': type } = headers;
  const said = request.startsWith('POST') ? type : (accept ?? type);
  return formats[said ?? 'application/json'] ?? 50;
}

let asked = 0;
test.each(Object.entries(scenarios))('%s', async (_name, steps) => {
  await using it = await openStoreDoor();
  using client = connect(it);
  for (const step of steps.filter(isOfBoth)) {
    const [request, body, status, reply] = step;
    const [method = ''] = request.split(' ');
    const path = decodeURIComponent(request.slice(method.length + 1));
    const isQuestion = method === 'DELETE' && status === 405 && question.test(path);
    const { code, payload } = await client.ask(`${method} ${path}`, { format: formatOf(step), body: body ?? '' });
    expect({ request, code, payload }).toMatchObject({ request, code: isQuestion ? 134 : codes[status] });
    if (status >= 400 || status === 201) expect(payload).toBe('');
    else if (typeof reply === 'string') expect({ request, payload }).toEqual({ request, payload: reply });
    else if (reply) expect(payload).toMatch(reply);
    asked++;
  }
});

test('most of the table is of both doors', () => expect(asked).toBeGreaterThan(300));
