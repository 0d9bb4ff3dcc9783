import { appIp, clock, codeOf, house, otherIp, reading, start, store, use } from './house.ts';

const destination = 'https://a.example/';
const exporting = { method: 'POST', path: '/export', target: 'export-service' } as const;

test.each([
  ['inside the wildcard', { path: '/ts/temp/latest' }, 'ok'],
  ['the wildcard itself', {}, 'ok'],
  ['a narrower wildcard', { path: '/ts/temp/at/*' }, 'ok'],
  ['T10 a wider wildcard', { path: '/ts/*' }, 'permission.refused'],
  ['T10 everything', { path: '/*' }, 'permission.refused'],
  ['T10 a prefix without the slash', { path: '/ts/temp*' }, 'permission.refused'],
  ['T10 another method', { method: 'POST' as const }, 'permission.refused'],
  ['T10 another target', { target: 'other-store' }, 'permission.refused'],
  ['T10 a target that does not exist', { target: 'nobody' }, 'permission.refused'],
  ['T10 itself', { target: 'app' }, 'permission.refused'],
  ['T06 a dot segment', { path: '/ts/temp/../*' }, 'path.invalid'],
  ['the target in another case', { target: store.toUpperCase() }, 'ok'],
  ['a caveat that the grant has not', { caveats: [{ observe: 'data' as const }] }, 'permission.refused'],
])('mint: %s', (_, change, code) => {
  using arbiter = house();
  expect(codeOf(() => arbiter.mint('app', { ...reading, caveats: [], ...change }, 'rest'))).toBe(code);
});

test('T10 a token for another app’s name needs that app’s grant', () => {
  using arbiter = house();
  expect(codeOf(() => arbiter.mint('other', { ...reading, caveats: [] }, 'rest'))).toBe('permission.refused');
});

test('T10 a thousand tokens at once are cut off, for that app alone', () => {
  using arbiter = house();
  const codes = Array.from({ length: 1_000 }, () =>
    codeOf(() => arbiter.mint('app', { ...reading, path: '/x', caveats: [] }, 'rest')),
  );
  expect(codes.filter((code) => code === 'permission.refused').length).toBeLessThan(300);
  expect(codes.at(-1)).toBe('rate.exceeded');
  expect(codeOf(() => arbiter.mint('other', { ...reading, caveats: [] }, 'rest'))).toBe('permission.refused');
});

test('grants of one route with different caveats stand side by side, and each allows its own', () => {
  using arbiter = house();
  arbiter.register({ name: 'export-service', type: 'system', key: 'x' });
  const [a, b] = ['https://a.example', 'https://b.example'].map((url) =>
    arbiter.grant('app', exporting, [{ destination: url }]),
  );
  expect(a?.id).not.toBe(b?.id);
  const ask = (...caveats: { destination: string }[]) =>
    codeOf(() => arbiter.mint('app', { ...exporting, caveats }, 'rest'));
  expect([ask({ destination }), ask({ destination: 'https://b.example/' })]).toEqual(['ok', 'ok']);
  expect(ask({ destination: 'https://c.example/' })).toBe('permission.refused');
  // The original took the caveats of any grant: reading has none, so an export without a destination passed.
  expect(ask()).toBe('permission.refused');
  expect(arbiter.revoke('app', exporting, [{ destination }])).toEqual([a]);
  expect([ask({ destination }), ask({ destination: 'https://b.example/' })]).toEqual(['permission.refused', 'ok']);
});

test('an equal grant is the one that exists, whatever the order of its caveats', () => {
  using arbiter = house();
  const bounds = [{ startTimestamp: 5 }, { endTimestamp: 9 }];
  const first = arbiter.grant('app', reading, bounds);
  expect(arbiter.grant('app', reading, bounds.toReversed())).toEqual(first);
  expect(arbiter.grants('app')).toHaveLength(2);
  expect(arbiter.revoke('app', reading).map(({ id }) => id)).toEqual([1, first.id]);
});

test.each([
  ['unknown kind', { rows: 5 }],
  ['two members', { observe: 'data', destination }],
  ['unknown mode', { observe: 'everything' }],
  ['no destination', { destination: 'http://a.example' }],
  ['T09 brace in a destination’s host', { destination: 'https://a.example"}/' }],
  ['float bound', { startTimestamp: 1.5 }],
  ['text bound', { endTimestamp: '9' }],
  ['null', null],
])('T09 a caveat that nobody enforces is not granted: %s', (_, caveat) => {
  using arbiter = house();
  expect(codeOf(() => arbiter.grant('app', reading, [caveat] as never))).toBe('body.invalid');
  expect(codeOf(() => arbiter.mint('app', { ...reading, caveats: [caveat] as never }, 'rest'))).toBe('body.invalid');
});

test('T09 one kind twice is refused: it would widen, or mean nothing', () => {
  using arbiter = house();
  const twice = [{ endTimestamp: 5 }, { endTimestamp: 9 }];
  expect(codeOf(() => arbiter.grant('app', reading, twice))).toBe('body.invalid');
});

test.each([
  ['plain read', {}, 'token.forbidden'],
  ['observation of that mode', { observe: 'data' as const }, 'ok'],
  ['observation of another mode', { observe: 'audit' as const }, 'token.forbidden'],
])('T05 a token for observing: %s', (_, change, code) => {
  using arbiter = house();
  arbiter.grant('app', reading, [{ observe: 'data' }]);
  const token = arbiter.mint('app', { ...reading, caveats: [{ observe: 'data' }] }, 'rest');
  expect(codeOf(() => arbiter.verify(token, { ...use, ...change }))).toBe(code);
});

test.each([
  ['that destination', { destination }, 'ok'],
  ['the same, spelled as the manifest does', { destination: 'https://A.example' }, 'ok'],
  ['a sub-path', { destination: 'https://a.example/x' }, 'token.forbidden'],
  ['a name that it is a prefix of', { destination: 'https://a.example.evil/' }, 'token.forbidden'],
  ['T09 a quote', { destination: 'https://a.example/"},{"destination":"https://b.example/' }, 'token.forbidden'],
  ['nothing that is a destination', { destination: '' }, 'token.forbidden'],
  ['a verifier that knows no destinations', {}, 'token.forbidden'],
])('a token for one destination, used for %s', (_, change, code) => {
  using arbiter = house();
  arbiter.register({ name: 'export-service', type: 'system', key: 'x' });
  arbiter.grant('app', exporting, [{ destination }]);
  const token = arbiter.mint('app', { ...exporting, caveats: [{ destination }] }, 'rest');
  expect(codeOf(() => arbiter.verify(token, { ...exporting, caller: appIp, ...change }))).toBe(code);
});

test('a token without a destination is not one for every destination', () => {
  using arbiter = house();
  arbiter.register({ name: 'export-service', type: 'system', key: 'x' });
  arbiter.grant('app', exporting, []);
  const token = arbiter.mint('app', { ...exporting, caveats: [] }, 'rest');
  expect(codeOf(() => arbiter.verify(token, { ...exporting, caller: appIp, destination }))).toBe('token.forbidden');
});

test.each([
  ['a plain read', undefined, 'token.forbidden'],
  ['shorter buckets', 59_999, 'token.forbidden'],
  ['buckets of that length', 60_000, 'ok'],
  ['buckets of a multiple', 180_000, 'ok'],
  ['longer ones that are no multiple: two such lengths tell points apart', 60_001, 'token.forbidden'],
])('a token for aggregates: %s', (_, everyMs, code) => {
  using arbiter = house();
  const caveats = [{ 'minimum-sample-interval': 60_000 }];
  arbiter.grant('app', reading, caveats);
  const token = arbiter.mint('app', { ...reading, caveats }, 'rest');
  expect(codeOf(() => arbiter.verify(token, { ...use, everyMs }))).toBe(code);
});

test('T09 time bounds hold at the moment of use, both included', () => {
  using arbiter = house();
  const caveats = [{ startTimestamp: start + 1_000 }, { endTimestamp: start + 2_000 }];
  arbiter.grant('app', reading, caveats);
  const token = arbiter.mint('app', { ...reading, caveats }, 'rest');
  const at = (ms: number): string => {
    clock.ms = start + ms;
    return codeOf(() => arbiter.verify(token, use));
  };
  expect([999, 1_000, 2_000, 2_001].map(at)).toEqual(['token.forbidden', 'ok', 'ok', 'token.forbidden']);
});

test('a verifier is told when the permission ends, not when the token does', () => {
  using arbiter = house();
  const caveats = [{ endTimestamp: start + 2_000 }, { observe: 'data' as const }];
  arbiter.grant('app', reading, caveats);
  clock.ms = start;
  const observing = { ...use, observe: 'data' as const };
  expect(arbiter.verify(arbiter.mint('app', { ...reading, caveats }, 'rest'), observing).until).toBe(start + 2_000);
  expect(arbiter.verify(arbiter.mint('app', { ...reading, caveats: [] }, 'rest'), use)).not.toHaveProperty('until');
});

test.each([
  ['unknown component', 'nobody', reading, 'component.unknown'],
  ['method that is none', 'app', { ...reading, method: 'FISH' }, 'body.invalid'],
  ['method in lower case', 'app', { ...reading, method: 'get' }, 'body.invalid'],
  ['path with dots', 'app', { ...reading, path: '/ts/../*' }, 'path.invalid'],
  ['target that is no host', 'app', { ...reading, target: 'a b' }, 'body.invalid'],
])('grant: %s', (_, name, route, code) => {
  using arbiter = house();
  expect(codeOf(() => arbiter.grant(name, route as never, []))).toBe(code);
});

test.each([
  ['a name that is no host name', { name: '../x', type: 'app', key: 'k' }],
  ['an empty key', { name: 'x', type: 'app', key: '' }],
  ['a type that is none', { name: 'x', type: 'owner', key: 'k' }],
  ['an address that is none', { name: 'x', type: 'app', key: 'k', address: '10.0.0' }],
])('register refuses %s', (_, component) => {
  using arbiter = house();
  expect(codeOf(() => arbiter.register(component as never))).toBe('body.invalid');
});

test('components are listed with their places, oldest first; removing an unknown one is no error', () => {
  using arbiter = house();
  arbiter.remove('nobody');
  arbiter.remove('other-store');
  expect(arbiter.components()).toEqual([
    { name: store, type: 'store' },
    { name: 'app', type: 'app', address: appIp },
    { name: 'other', type: 'app', address: otherIp },
  ]);
});
