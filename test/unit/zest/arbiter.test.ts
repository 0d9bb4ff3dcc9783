/** The arbiter at its Zest door: who is who, what each may ask, and what becomes of it. */
import { createArbiter } from '../../../src/arbiter/index.ts';
import { Failure } from '../../../src/base/errors.ts';
import { silent } from '../../../src/base/log.ts';
import { openBook, startDoor } from '../../../src/zest/index.ts';
import { connect, observe, wellKnown, type Call } from './raw.ts';

const loopback = '127.0.0.1';

async function openArbiter() {
  await using up = new AsyncDisposableStack();
  const arbiter = up.use(createArbiter({ file: ':memory:', checkAddress: false, log: silent }));
  arbiter.register({ name: 'driver-core-store', type: 'store', key: 'store key' });
  arbiter.register({ name: 'app', type: 'app', key: 'app key' });
  arbiter.register({ name: 'twin', type: 'app', key: 'app key' });
  arbiter.register({ name: 'guest', type: 'app', key: 'manage' });
  arbiter.grant('app', { method: 'GET', path: '/kv/*', target: 'driver-core-store' }, []);
  arbiter.grant('app', { method: 'POST', path: '/lp/export', target: 'driver-core-store' }, [
    { destination: 'https://a.example/' },
  ]);
  arbiter.grant('guest', { method: 'GET', path: '/*', target: 'driver-core-store' }, []);
  const wire = arbiter.wire({ managementKey: 'manage', guest: 'guest', aliases: { localhost: 'driver-core-store' } });
  const book = up.use(openBook(':memory:'));
  const door = up.use(
    await startDoor({
      ...{
        target: 'arbiter',
        address: loopback,
        caller: loopback,
        port: 0,
        pushPort: 0,
        secretKey: wellKnown.secretKey,
      },
      ...{ service: wire, page: book.of('arbiter'), log: silent },
    }),
  );
  const way = up.move();
  const { port, pushPort } = door;
  return { arbiter, port, pushPort, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

const app = { token: 'app key', host: 'app' };
const manager = { token: 'manage', host: 'container-manager' };
const asking = (wanted: object): string =>
  JSON.stringify({ target: 'driver-core-store', path: '/kv/a/b', method: 'GET', caveats: [], ...wanted });
const destination = (url: string) => ({ path: '/lp/export', method: 'POST', caveats: [{ destination: url }] });
const about = (name: string, path = '/ts/*', method = 'GET'): string =>
  JSON.stringify({ name, route: { method, path, target: 'driver-core-store' }, caveats: [] });
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const cases: [claim: string, request: string, call: Call, code: number, payload?: string | RegExp][] = [
  ['a component that is known', 'GET /status', app, 65, ''],
  ['its host name does not matter', 'GET /status', { ...app, host: 'elsewhere', token: 'store key' }, 65, ''],
  ['of two with one key, the one that it says it is', 'GET /status', { ...app, host: 'TWIN' }, 65, ''],
  ['of two with one key, neither', 'GET /status', { ...app, host: 'elsewhere' }, 129, ''],
  ['a wrong key', 'GET /status', { ...app, token: 'guess' }, 129, ''],
  ['no key', 'GET /status', { ...app, token: '' }, 129, ''],
  [
    'the root catalogue, in whichever format it is asked for',
    'GET /cat',
    { ...app, format: 0 },
    69,
    /tcp:\/\/app:5555/,
  ],
  ['a format that there is not', 'GET /cat', { ...app, format: 7 }, 69, /Databox Root Catalogue/],
  ['a token', 'POST /token', { ...app, body: asking({}) }, 69, jwt],
  ['a token, asked for in text', 'POST /token', { ...app, format: 0, body: asking({}) }, 69, jwt],
  ['a token for a pattern', 'POST /token', { ...app, body: asking({ path: '/kv/a/*' }) }, 69, jwt],
  ['a target in other letters', 'POST /token', { ...app, body: asking({ target: 'Driver-Core-Store' }) }, 69, jwt],
  ['a target under its other name', 'POST /token', { ...app, body: asking({ target: 'localhost' }) }, 69, jwt],
  ['no caveats', 'POST /token', { ...app, body: asking({ caveats: undefined }) }, 69, jwt],
  ['caveats that are null', 'POST /token', { ...app, body: asking({ caveats: null }) }, 69, jwt],
  ['something behind the JSON', 'POST /token', { ...app, body: `${asking({})}, "more"` }, 69, jwt],
  ['more members than there are', 'POST /token', { ...app, body: asking({ more: 1 }) }, 69, jwt],
  [
    'the destination that was agreed',
    'POST /token',
    { ...app, body: asking(destination('https://a.example/')) },
    69,
    jwt,
  ],
  ['another destination', 'POST /token', { ...app, body: asking(destination('https://b.example/')) }, 129, ''],
  ['a destination that is none', 'POST /token', { ...app, body: asking(destination('http://a.example/')) }, 129, ''],
  ['no destination', 'POST /token', { ...app, body: asking({ path: '/lp/export', method: 'POST' }) }, 129, ''],
  ['a path outside the grant', 'POST /token', { ...app, body: asking({ path: '/ts/a/latest' }) }, 129, ''],
  ['the path of the pattern itself', 'POST /token', { ...app, body: asking({ path: '/kv/' }) }, 128, ''],
  ['the root, which a pattern does not cover', 'POST /token', { ...manager, body: asking({ path: '/' }) }, 129, ''],
  ['another method', 'POST /token', { ...app, body: asking({ method: 'POST' }) }, 129, ''],
  ['a method that there is not', 'POST /token', { ...app, body: asking({ method: 'FISH' }) }, 129, ''],
  ['a method in small letters', 'POST /token', { ...app, body: asking({ method: 'get' }) }, 129, ''],
  ['a target that nobody knows', 'POST /token', { ...app, body: asking({ target: 'nobody' }) }, 129, ''],
  ['a token of whoever has no grant', 'POST /token', { ...app, host: 'twin', body: asking({}) }, 129, ''],
  ['no path', 'POST /token', { ...app, body: asking({ path: undefined }) }, 128, ''],
  ['no JSON', 'POST /token', { ...app, body: 'token' }, 128, ''],
  ['no body', 'POST /token', app, 128, ''],
  [
    'whoever manages, for a component of that name',
    'POST /token',
    { ...manager, host: 'app', body: asking({}) },
    69,
    jwt,
  ],
  ['whoever manages, for the guest', 'POST /token', { ...manager, body: asking({ path: '/ts/a' }) }, 69, jwt],
  ['whoever manages, for one without a grant', 'POST /token', { ...manager, host: 'twin', body: asking({}) }, 129, ''],
  ['the secret of a store', 'GET /store/secret', { token: 'store key', host: 'x' }, 69, /^[0-9a-f-]{36}$/],
  [
    'a component may not manage',
    'POST /cm/upsert-container-info',
    { ...app, body: '{"name":"x","type":"app","key":"k"}' },
    128,
    '',
  ],
  [
    'a new component',
    'POST /cm/upsert-container-info',
    { ...manager, body: '{"name":"x","type":"app","key":"k"}' },
    69,
    'x',
  ],
  [
    'a type that there is not',
    'POST /cm/upsert-container-info',
    { ...manager, body: '{"name":"x","type":"cat","key":"k"}' },
    128,
    '',
  ],
  [
    'a name that is none',
    'POST /cm/upsert-container-info',
    { ...manager, body: '{"name":"a b","type":"app","key":"k"}' },
    128,
    '',
  ],
  ['a component goes', 'POST /cm/delete-container-info', { ...manager, body: '{"name":"app"}' }, 66, ''],
  [
    'one that is not there goes too',
    'POST /cm/delete-container-info',
    { ...manager, body: '{"name":"nobody"}' },
    66,
    '',
  ],
  [
    'a permission',
    'POST /cm/grant-container-permissions',
    { ...manager, body: about('twin') },
    69,
    '[{"method":"GET","path":"/ts/*","target":"driver-core-store"}]',
  ],
  [
    'a permission that another covers',
    'POST /cm/grant-container-permissions',
    { ...manager, body: about('app', '/kv/a/*') },
    134,
    '',
  ],
  [
    'a permission of nobody',
    'POST /cm/grant-container-permissions',
    { ...manager, body: about('core-logger') },
    129,
    '',
  ],
  [
    'a permission without a route',
    'POST /cm/grant-container-permissions',
    { ...manager, body: '{"name":"app"}' },
    128,
    '',
  ],
  [
    'a permission is taken back',
    'POST /cm/revoke-container-permissions',
    { ...manager, body: about('guest', '/*') },
    69,
    '[]',
  ],
  [
    'none is taken back of nobody',
    'POST /cm/revoke-container-permissions',
    { ...manager, body: about('nobody') },
    129,
    '',
  ],
  ['a path that there is not', 'GET /nothing', app, 128, ''],
  ['a method that it has not', 'DELETE /token', app, 128, ''],
  ['a member of every object', 'GET constructor', app, 128, ''],
  ['no function', 'GET /notification/response/f/1', app, 128, ''],
];

test.each(cases)('%s: %s', async (_claim, request, call, code, payload) => {
  await using it = await openArbiter();
  using client = connect(it);
  const reply = await client.ask(request, call);
  expect(reply.code).toBe(code);
  if (payload instanceof RegExp) expect(reply.payload).toMatch(payload);
  else if (payload !== undefined) expect(reply.payload).toBe(payload);
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
