/** What the arbiter answers, at both of its doors. */
import type { Call } from './raw.ts';

export const target = 'driver-core-store';
export const app = { token: 'app key', host: 'app' };
export const manager = { token: 'manage', host: 'container-manager' };
export const asking = (wanted: object): string =>
  JSON.stringify({ target, path: '/kv/a/b', method: 'GET', caveats: [], ...wanted });
const destination = (url: string) => ({ path: '/lp/export', method: 'POST', caveats: [{ destination: url }] });
export const about = (name: string, path = '/ts/*', method = 'GET'): string =>
  JSON.stringify({ name, route: { method, path, target }, caveats: [] });
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * `status`: over REST; null where that door has no such thing: its components say no host name, send a content type or none,
 * and manage nothing. The payload is that of Zest, and of REST where both have content.
 */
export type Case = [
  claim: string,
  request: string,
  call: Call,
  code: number,
  payload: string | RegExp,
  status: number | null,
];

const token = (wanted: object, call: Call = app): [request: string, call: Call] => [
  'POST /token',
  { ...call, body: asking(wanted) },
];
const managing = (what: string, body: string, call: Call = manager): [request: string, call: Call] => [
  `POST /cm/${what}`,
  { ...call, body },
];
const [upsert, remove] = ['upsert-container-info', 'delete-container-info'];
const [grant, revoke] = ['grant-container-permissions', 'revoke-container-permissions'];

const authentication: Case[] = [
  ['a component that is known', 'GET /status', app, 65, '', 200],
  ['its host name does not matter', 'GET /status', { host: 'elsewhere', token: 'store key' }, 65, '', 200],
  ['of two with one key, the one that it says it is', 'GET /status', { host: 'TWIN', token: 'twins' }, 65, '', null],
  ['of two with one key, neither', 'GET /status', { host: 'elsewhere', token: 'twins' }, 129, '', 401],
  ['a wrong key', 'GET /status', { ...app, token: 'guess' }, 129, '', 401],
  ['no key', 'GET /status', { ...app, token: '' }, 129, '', 401],
  ['a key and more', 'GET /status', { ...app, token: 'app key ' }, 129, '', null],
  ['a wrong key before an unknown path', 'GET /nothing', { ...app, token: 'guess' }, 129, '', 401],
  ['whoever manages', 'GET /status', manager, 65, '', null],
];

const catalogue: Case[] = [
  ['the root catalogue', 'GET /cat', app, 69, /"href":"tcp:\/\/app:5555"/, 200],
  ['the root catalogue, in text', 'GET /cat', { ...app, format: 0 }, 69, /tcp:\/\/app:5555/, null],
  ['a format that there is not', 'GET /cat', { ...app, format: 7 }, 69, /Databox Root Catalogue/, null],
  [
    'its description, as clients compare it',
    'GET /cat',
    app,
    69,
    /^\{"catalogue-metadata":\[\{"rel":"urn:X-hypercat:rels:isContentType","val":"application\/vnd\.hypercat\.catalogue\+json"\},/,
    200,
  ],
  ['oldest first', 'GET /cat', app, 69, /driver-core-store:5555.*tcp:\/\/app:5555.*tcp:\/\/twin:5555/, 200],
  ['no key, no catalogue', 'GET /cat', { ...app, token: '' }, 129, '', 401],
  ['nobody adds to it', 'POST /cat', { ...app, body: '{}' }, 128, '', 404],
];

const tokens: Case[] = [
  ['a token', ...token({}), 69, jwt, 200],
  ['a token, asked for in text', ...token({}, { ...app, format: 0 }), 69, jwt, null],
  ['a token for a pattern', ...token({ path: '/kv/a/*' }), 69, jwt, 200],
  ['a token for all of the pattern', ...token({ path: '/kv/*' }), 69, jwt, 200],
  ['a pattern that reaches further', ...token({ path: '/*' }), 129, '', 403],
  ['a path that only begins alike', ...token({ path: '/kvs/a' }), 129, '', 403],
  ['a target in other letters', ...token({ target: 'Driver-Core-Store' }), 69, jwt, 200],
  ['a target under its other name', ...token({ target: 'localhost' }), 69, jwt, null],
  ['no caveats', ...token({ caveats: undefined }), 69, jwt, 200],
  ['caveats that are null', ...token({ caveats: null }), 69, jwt, 200],
  ['caveats of no kind', ...token({ caveats: [{ colour: 'red' }] }), 129, '', 400],
  ['a caveat that was not agreed', ...token({ caveats: [{ observe: 'data' }] }), 129, '', 403],
  ['something behind the JSON', 'POST /token', { ...app, body: `${asking({})}, "more"` }, 69, jwt, null],
  ['more members than there are', ...token({ more: 1 }), 69, jwt, null],
  ['members in another order', 'POST /token', { ...app, body: `{"method":"GET","path":"/kv/a/b","target":"${target}"}` }, 69, jwt, 200], // prettier-ignore
  ['the destination that was agreed', ...token(destination('https://a.example/')), 69, jwt, 200],
  ['another destination', ...token(destination('https://b.example/')), 129, '', 403],
  ['a destination that is none', ...token(destination('http://a.example/')), 129, '', 400],
  ['no destination', ...token({ path: '/lp/export', method: 'POST' }), 129, '', 403],
  ['two of them', ...token({ ...destination('https://a.example/'), caveats: [{ destination: 'https://a.example/' }, { destination: 'https://b.example/' }] }), 129, '', 400], // prettier-ignore
  ['a path outside the grant', ...token({ path: '/ts/a/latest' }), 129, '', 403],
  ['the path of the pattern itself', ...token({ path: '/kv/' }), 128, '', 400],
  ['a path that is none', ...token({ path: 'kv/a' }), 128, '', 400],
  ['another method', ...token({ method: 'POST' }), 129, '', 403],
  ['a method that there is not', ...token({ method: 'FISH' }), 129, '', 403],
  ['a method in small letters', ...token({ method: 'get' }), 129, '', 403],
  ['a target that nobody knows', ...token({ target: 'nobody' }), 129, '', 403],
  ['a target without a grant', ...token({ target: 'other-store' }), 129, '', 403],
  ['a token of whoever has no grant', ...token({}, { token: 'store key', host: target }), 129, '', 403],
  ['no path', ...token({ path: undefined }), 128, '', 400],
  ['no target', ...token({ target: undefined }), 128, '', 400],
  ['no method', ...token({ method: undefined }), 128, '', 400],
  ['a path that is a number', ...token({ path: 7 }), 128, '', 400],
  ['no JSON', 'POST /token', { ...app, body: 'token' }, 128, '', 400],
  ['JSON that is no object', 'POST /token', { ...app, body: '[]' }, 128, '', 400],
  ['no body', 'POST /token', app, 128, '', 400],
  ['GET of a token', 'GET /token', app, 128, '', 404],
  ['the root, which a pattern does not cover', ...token({ path: '/' }, manager), 129, '', null],
  ['whoever manages, for a component of that name', ...token({}, { ...manager, host: 'app' }), 69, jwt, null],
  ['whoever manages, for the guest', ...token({ path: '/ts/a' }, manager), 69, jwt, null],
  ['whoever manages, for one without a grant', ...token({}, { ...manager, host: 'twin' }), 129, '', null],
];

const secrets: Case[] = [
  ['the secret of a store', 'GET /store/secret', { token: 'store key', host: 'x' }, 69, /^[0-9a-f-]{36}$/, null],
  ['the secret of nobody', 'GET /store/secret', { ...manager, host: 'guest' }, 69, /^[0-9a-f-]{36}$/, null],
  ['no key, no secret', 'GET /store/secret', { ...app, token: '' }, 129, '', 401],
];

const component = '{"name":"x","type":"app","key":"k"}';
const management: Case[] = [
  ['a component may not manage', ...managing(upsert, component, app), 128, '', 404],
  ['nor grant itself', ...managing(grant, about('app'), app), 128, '', 404],
  ['whoever nobody knows may not either', ...managing(upsert, component, { ...app, token: 'guess' }), 129, '', 401],
  ['a new component', ...managing(upsert, component), 69, 'x', null],
  ['a type that there is not', ...managing(upsert, '{"name":"x","type":"cat","key":"k"}'), 128, '', null],
  ['a name that is none', ...managing(upsert, '{"name":"a b","type":"app","key":"k"}'), 128, '', null],
  ['a component without a key', ...managing(upsert, '{"name":"x","type":"app"}'), 128, '', null],
  ['a component that is no JSON', ...managing(upsert, 'x'), 128, '', null],
  ['a component goes', ...managing(remove, '{"name":"app"}'), 66, '', null],
  ['one that is not there goes too', ...managing(remove, '{"name":"nobody"}'), 66, '', null],
  ['nobody goes', ...managing(remove, '{}'), 128, '', null],
  [
    'a permission',
    ...managing(grant, about('twin')),
    69,
    `[{"method":"GET","path":"/ts/*","target":"${target}"}]`,
    null,
  ],
  ['a second permission', ...managing(grant, about('guest', '/a', 'POST')), 69, /^\[\{.*\},\{"method":"POST","path":"\/a",.*\}\]$/, null], // prettier-ignore
  ['a permission that another covers', ...managing(grant, about('app', '/kv/a/*')), 134, '', null],
  ['the same permission', ...managing(grant, about('app', '/kv/*')), 134, '', null],
  ['a permission of nobody', ...managing(grant, about('core-logger')), 129, '', null],
  ['a permission without a route', ...managing(grant, '{"name":"app"}'), 128, '', null],
  ['a permission for a method that there is not', ...managing(grant, about('app', '/a', 'FISH')), 128, '', null],
  ['a permission is taken back', ...managing(revoke, about('guest', '/*')), 69, '[]', null],
  ['one that there is not', ...managing(revoke, about('guest', '/a')), 69, `[{"method":"GET","path":"/*","target":"${target}"}]`, null], // prettier-ignore
  ['none is taken back of nobody', ...managing(revoke, about('nobody')), 129, '', null],
];

const nothing: Case[] = [
  ['a path that there is not', 'GET /nothing', app, 128, '', 404],
  ['a slash more', 'GET /status/', app, 128, '', 404],
  ['other letters', 'GET /Status', app, 128, '', 404],
  ['a method that it has not', 'DELETE /token', app, 128, '', 404],
  ['a status that is posted', 'POST /status', { ...app, body: '{}' }, 128, '', 404],
  ['a member of every object', 'GET constructor', app, 128, '', null],
  ['no function', 'GET /notification/response/f/1', app, 128, '', 404],
];

export const cases: Case[] = [...authentication, ...catalogue, ...tokens, ...secrets, ...management, ...nothing];
