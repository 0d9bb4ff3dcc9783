import { box, destination, local, otherIp, trusted, type Box, type Destination } from './world.ts';

const { authority, flags } = await trusted([local]);
const there: Destination = await destination(await authority.issue([local]));
const here: Box = await box({ flags });
const uri = `https://${local}:${there.port}/in`;
const token = here.token(uri);
afterAll(async () => {
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});
const data = '{"a":1}';

const near: [string, (good: string) => string][] = [
  ['a sub-path', (good) => `${good}/more`],
  ['a prefix', (good) => good.slice(0, -1)],
  ['another path', (good) => good.replace('/in', '/out')],
  ['a path in another case', (good) => good.replace('/in', '/IN')],
  ['a trailing slash', (good) => `${good}/`],
  ['a query', (good) => `${good}?x`],
  ['another port', (good) => good.replace(/:\d+/, ':1')],
  ['no port', (good) => good.replace(/:\d+/, '')],
  ['another scheme', (good) => good.replace('https', 'http')],
  ['user-info', (good) => good.replace('//', '//app@')],
  ['the good host as user-info', (good) => good.replace('/in', '@evil.example/in')],
  ['a trailing dot', (good) => good.replace(local, `${local}.`)],
  ['a backslash', (good) => good.replace('/in', '\\in')],
  ['a host it is a prefix of', (good) => good.replace(local, `${local}.evil.example`)],
  ['an IDN twin', (good) => good.replace(local, '１２７.0.0.1')],
  ['a decimal literal', (good) => good.replace(local, '2130706433')],
  ['a hexadecimal literal', (good) => good.replace(local, '0x7f000001')],
  ['a short literal', (good) => good.replace(local, '127.1')],
  ['an IPv6 literal', (good) => good.replace(local, '[::ffff:7f00:1]')],
  ['a fragment', (good) => `${good}#x`],
  ['an encoded letter', (good) => good.replace('/in', '/%69n')],
  ['a quote that would end the caveat', (good) => `${good}"},{"destination":"https://evil.example/`],
  ['nothing', () => ''],
];
test.each(near)('E01 %s is refused and recorded', async (_, change) => {
  const [wrong, before] = [change(uri), there.connections];
  const { status, body } = await here.post({ id: '', uri: wrong, data }, { token });
  expect({ status, code: body.code }).toEqual({ status: 403, code: 'export.refused' });
  const [line] = here.ledger();
  expect(line).toMatchObject({ component: 'app', destination: wrong, status: 'refused', bytes: 7, count: 1 });
  expect(there.connections).toBe(before);
});

test('the same destination in the manifest’s spelling is the same', async () => {
  const spelled = uri.replace('https', 'HTTPS');
  expect((await here.post({ id: '', uri: spelled, data }, { token })).status).toBe(200);
});

test('a new export is answered at once with Pending, and finished is delivered once', async () => {
  const { status, body } = await here.post({ id: '', uri, data }, { token });
  expect({ status, body }).toEqual({
    status: 200,
    body: { id: expect.stringMatching(/^[\da-f-]{36}$/) as string, state: 'Pending', ext_response: {} },
  });
  const answer = { status: '200 OK', body: 'thank you' };
  expect(await here.finish(body.id, uri)).toEqual({ id: body.id, state: 'Finished', ext_response: answer });
  expect((await here.post({ id: body.id, uri, data: '' }, { token })).status).toBe(404);
});

test('POST /export serves both: it answers at once, also for a job that is under way', async () => {
  const token = here.token(uri, 'app', '/export');
  const { body } = await here.post({ id: '', uri, data }, { token, path: '/export' });
  const poll = await here.post({ id: body.id, uri, data: '' }, { token, path: '/export' });
  expect(poll.status).toBe(200);
});

test('a token for one path is none for the other', async () =>
  expect((await here.post({ id: '', uri, data }, { token, path: '/export' })).status).toBe(403));

test.each([
  ['no token', {}, 401],
  ['nonsense', { token: 'x' }, 401],
  ['the app’s token from another app’s address', { from: otherIp }, 401],
])('%s is refused, whatever the body', async (_, change, status) => {
  const lines = () => here.ledger().map(({ id }) => id);
  const before = lines();
  for (const body of [{ id: '', uri, data }, {}, 'no json']) {
    const sent = { ...('token' in change || 'from' in change ? { token } : {}), ...change };
    expect((await here.post(body, sent)).status).toBe(status);
  }
  expect(lines()).toEqual(before);
});

test('E08 someone else’s job, an unknown one and a delivered one are the same 404', async () => {
  const mine = (await here.post({ id: '', uri, data }, { token })).body.id;
  const foreign = here.token(uri, 'other');
  const ask = (id: string, credentials: object) => here.post({ id, uri, data: '' }, credentials);
  const answers = [
    await ask(mine, { token: foreign, from: otherIp }),
    await ask('00000000-0000-4000-8000-000000000000', { token }),
    await ask('no uuid', { token }),
  ];
  await here.finish(mine, uri);
  answers.push(await ask(mine, { token }));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 404, body: { code: 'export.unknown' } });
});

test('E08 a job is not shown under another destination', async () => {
  const { id } = (await here.post({ id: '', uri, data }, { token })).body;
  const elsewhere = `${uri}/else`;
  const poll = await here.post({ id, uri: elsewhere, data: '' }, { token: here.token(elsewhere) });
  expect(poll.status).toBe(404);
});

test.each([
  ['no JSON', 'uri', 400],
  ['no uri', { id: '', data }, 400],
  ['unknown member', { id: '', data, headers: {} }, 400],
  ['data that is an object', { data: { a: 1 } }, 400],
  ['data that is no JSON', { data: 'text' }, 400],
  ['data that is a number', { data: '5' }, 400],
  ['data that is null', { data: 'null' }, 400],
  ['deep data', { data: '['.repeat(100) + ']'.repeat(100) }, 400],
  ['a line break in the key', { data, idempotencyKey: 'a\r\nHost: b' }, 400],
  ['an empty key', { data, idempotencyKey: '' }, 400],
  ['a megabyte and one', { data: `[${'1'.repeat(1024 * 1024 - 1)}]` }, 413],
  ['three megabytes', { data: 'x'.repeat(3 * 1024 * 1024) }, 413],
  ['an array', { data: '[]' }, 200],
  ['a megabyte', { data: `[${'1'.repeat(1024 * 1024 - 2)}]` }, 200],
])('body with %s: %s', async (_, body, status) => {
  const sent =
    typeof body === 'string' ? body : { ...('data' in body && !('uri' in body) && _ !== 'no uri' && { uri }), ...body };
  expect((await here.post(sent, { token })).status).toBe(status);
});

test.each(['/', '/export/', '/lp//export', '/ws/export', '/EXPORT'])('there is no %s', async (path) =>
  expect((await here.post({ id: '', uri, data }, { token, path })).status).toBe(404),
);

test('a token without a destination allows none', async () => {
  const route = { method: 'POST' as const, path: '/lp/export', target: 'export-service' };
  here.arbiter.grant('app', route, []);
  const wide = here.arbiter.mint('app', { ...route, caveats: [] }, 'rest');
  expect((await here.post({ id: '', uri, data }, { token: wide })).status).toBe(403);
  expect(here.ledger()[0]).toMatchObject({ destination: uri, status: 'refused' });
});

test('refusals in a loop end in 429, and the ledger counts every one with the next line', async () => {
  await using here = await box({ flags });
  const token = here.token(uri);
  const refuse = async (n: number) => (await here.post({ id: '', uri: `${uri}/${n}`, data }, { token })).status;
  const statuses: number[] = [];
  while (statuses.at(-1) !== 429) statuses.push(await refuse(statuses.length));
  expect(statuses.length).toBeGreaterThan(60);
  await new Promise((done) => setTimeout(done, 1_100));
  expect(await refuse(999)).toBe(403);
  const listed = here.outbox.ledger({ limit: 1_000 });
  expect(listed[0]).toMatchObject({ destination: `${uri}/999`, count: 2 });
  expect(listed.reduce((sum, { count }) => sum + count, 0)).toBe(statuses.length + 1);
});

test('the ledger can be asked for a component, a time and a number', async () => {
  await using here = await box({ flags });
  const token = here.token(uri);
  await here.post({ id: '', uri: `${uri}/1`, data }, { token });
  await here.post({ id: '', uri: `${uri}/2`, data }, { token: here.token(uri, 'other'), from: otherIp });
  expect(here.outbox.ledger({ component: 'other' })).toMatchObject([{ component: 'other', destination: `${uri}/2` }]);
  expect(here.outbox.ledger({ limit: 1 })).toMatchObject([{ component: 'other' }]);
  expect(here.outbox.ledger({ since: Date.now() + 1_000 })).toEqual([]);
});
