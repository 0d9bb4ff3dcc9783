import { scenarios as bodies } from './cases.bodies.ts';
import { scenarios as keys } from './cases.keys.ts';
import { scenarios as series } from './cases.series.ts';
import { startStore, type Ask } from './harness.ts';

const scenarios = { ...keys, ...series, ...bodies };

test.each(Object.entries(scenarios))('%s', async (_name, steps) => {
  await using it = await startStore();
  for (const [request, body, status, reply, headers] of steps) {
    const [method = '', path = ''] = request.split(' ');
    const asked: Ask = { method, path, ...(body !== null && { body }), ...(headers && { headers }) };
    const answer = await it.ask(asked);
    expect({ request, body, status: answer.status, said: answer.body }).toMatchObject({ request, body, status });
    if (typeof reply === 'string') expect({ request, reply: answer.body }).toEqual({ request, reply });
    else if (reply) expect(answer.body).toMatch(reply);
    if (status >= 400) expect(answer.type).toBe('application/problem+json');
  }
});

test('there are at least 150 cases', () => {
  expect(Object.values(scenarios).flat().length).toBeGreaterThan(150);
});
