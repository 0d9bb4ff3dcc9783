/** The arbiter at its Zest door: who is who, what each may ask, and what becomes of it. */
import { Failure } from '../../../src/base/errors.ts';
import { loopback, openArbiter } from './arbiter-house.ts';
import { about, app, asking, cases, manager } from './cases.arbiter.ts';
import { connect, observe, type Call } from './raw.ts';

/** Over REST the method and path are the same, the key is in a header, and a problem says what a code cannot. */
async function askRest(port: number, request: string, { token = '', body = '' }: Call) {
  const [method = '', path = ''] = request.split(' ');
  const headers = { 'x-api-key': token, ...(method === 'POST' && { 'content-type': 'application/json' }) };
  const sent = { method, headers, ...(method === 'POST' && { body: body.toString() }) };
  const reply = await fetch(`http://${loopback}:${port}${path}`, sent);
  return { status: reply.status, text: await reply.text() };
}

test.each(cases)('%s: %s', async (_claim, request, call, code, payload, status) => {
  await using it = await openArbiter();
  using client = connect(it);
  const reply = await client.ask(request, call);
  const told = typeof payload === 'string' ? payload : (expect.stringMatching(payload) as string);
  expect([reply.code, reply.payload]).toEqual([code, told]);
  if (status === null) return;
  // The other door, of an arbiter to which nothing was done yet.
  await using other = await openArbiter();
  const { status: said, text } = await askRest(other.rest.port, request, call);
  expect([said, text]).toEqual([status, code === 69 ? told : expect.any(String)]);
  if (status >= 400)
    expect(JSON.parse(text)).toMatchObject({ status, code: expect.stringMatching(/^\w+\.\w+$/) as string });
});

test('so many cases are of the one door, and of both', () => {
  expect(cases.length).toBeGreaterThanOrEqual(80);
  expect(cases.filter(([, , , , , status]) => status !== null).length).toBeGreaterThanOrEqual(45);
});

test('formats of the answers', async () => {
  await using it = await openArbiter();
  using client = connect(it);
  const formatOf = async (request: string, call: Call) =>
    (await client.ask(request, call)).options.get(12)?.readUInt16BE();
  expect(await formatOf('POST /token', { ...app, body: asking({}) })).toBe(0);
  expect(await formatOf('GET /cat', { ...app, format: 0 })).toBe(50);
  expect(await formatOf('POST /cm/grant-container-permissions', { ...manager, body: about('twin') })).toBe(50);
});

test('a token of this door has no end, works, and dies with its grant', async () => {
  await using it = await openArbiter();
  using client = connect(it);
  const { payload: token } = await client.ask('POST /token', { ...app, body: asking({}) });
  const use = { caller: loopback, target: 'driver-core-store', method: 'GET', path: '/kv/a/b' };
  expect(it.arbiter.verify(token, use)).toMatchObject({ component: 'app' });
  expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).not.toHaveProperty('exp');
  await client.ask('POST /cm/upsert-container-info', {
    ...manager,
    body: '{"name":"app","type":"app","key":"app key"}',
  });
  expect(() => it.arbiter.verify(token, use)).toThrow(Failure);
});

test('tokens are not counted apart: a client of the original asks for new ones at each call of a function', async () => {
  await using it = await openArbiter();
  using client = connect(it);
  const codes = new Map<number, number>();
  for (let each = 0; each < 600; each++) {
    const { code } = await client.ask('POST /token', { ...app, body: asking({ path: `/kv/a/${each}` }) });
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  expect([...codes]).toEqual([[69, 600]]);
  // Over REST 200 at once, and 20 a second.
  const statuses = new Set<number>();
  for (let each = 0; each < 600; each++)
    statuses.add((await askRest(it.rest.port, 'POST /token', { ...app, body: asking({}) })).status);
  expect([...statuses]).toEqual([200, 429]);
});

test('whoever manages may watch; nobody else may', async () => {
  await using it = await openArbiter();
  using client = connect(it);
  expect((await client.ask('GET /*', { ...app, observe: 'data' })).code).toBe(129);
  expect((await client.ask('GET /*', { ...manager, observe: 'notification' })).code).toBe(128);
  using data = await observe(it, '/cm/*', { ...manager, observe: 'data' });
  using audit = await observe(it, '/*', { ...manager, observe: 'audit' });
  const body = '{"name":"x","type":"app","key":"k"}';
  await client.ask('POST /cm/upsert-container-info', { ...manager, body });
  await client.ask('GET /cat', { ...app, token: 'guess' });
  expect((await data.next()).payload).toMatch(/^\d{13} \/cm\/upsert-container-info json \{"name":"x",/);
  const lines = [(await audit.next()).payload, (await audit.next()).payload];
  expect(lines[0]).toMatch(/^\d{13} arbiter guest POST \/cm\/upsert-container-info 69$/);
  expect(lines[1]).toMatch(/^\d{13} arbiter unknown GET \/cat 129$/);
});
