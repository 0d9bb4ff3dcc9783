import {
  choicesOf,
  differences,
  pendingOf,
  Sla,
  withItem,
  withLine,
  withoutChoices,
} from '../../../src/manager/sla.ts';
import { agree, datasource, driverOf, item, manifestOf } from './fixtures.ts';

const store = 'driver-os-monitor-core-store';
const load = item(store, '/ts/blob/loadavg1');
const href = load.href;
const app = manifestOf({ datasources: [datasource('loadavg1')] });

test('an agreement keeps the manifest whole, when, whence and which image', () => {
  const sla = agree(manifestOf({ surprise: { of: 'another release' }, homepage: 'https://example.org/' }), {
    origin: 'https://github.com/me-box/databox-manifest-store',
    commit: 'abc',
  });
  expect(sla).toMatchObject({
    name: 'app-x',
    type: 'app',
    origin: 'https://github.com/me-box/databox-manifest-store',
    commit: 'abc',
    approvedAt: 1_767_225_600_000,
    manifest: { surprise: { of: 'another release' }, homepage: 'https://example.org/' },
  });
  expect(Sla.parse(JSON.parse(JSON.stringify(sla)))).toEqual(sla);
});

test('the item of a choice is ours, never the poster’s', () => {
  const lying = manifestOf({
    datasources: [datasource('loadavg1', { hypercat: { href, 'item-metadata': [{ rel: 'isActuator', val: true }] } })],
  });
  const sla = agree(lying, { choices: choicesOf(lying), catalogue: [load] });
  expect(sla.datasources).toEqual([
    { clientid: 'loadavg1', name: 'loadavg1', type: 'loadavg1', href, item: load, agreed: 'read', revoked: false },
  ]);
  expect(JSON.stringify(sla)).not.toContain('isActuator');
});

test('a datasource that is not registered yet is pending, and filled in when it comes', () => {
  const sla = agree(app, { choices: { loadavg1: href } });
  expect(pendingOf(sla)).toEqual([href]);
  expect(withItem(sla, item(store, '/ts/blob/loadavg5'))).toBe(sla);
  const filled = withItem(sla, load);
  expect(pendingOf(filled)).toEqual([]);
  expect(filled.datasources[0]?.item).toEqual(load);
});

test('a pending datasource that turns out to be of another type stays pending', () => {
  const sla = agree(app, { choices: { loadavg1: href } });
  expect(withItem(sla, item(store, '/ts/blob/loadavg1', { hasType: 'camera' }))).toBe(sla);
});

test('a pending datasource that turns out to be an actuator is only read: the owner was not told of more', () => {
  const sla = agree(app, { choices: { loadavg1: href } });
  const filled = withItem(sla, item(store, '/ts/blob/loadavg1', { isActuator: true }));
  expect(filled.datasources[0]?.agreed).toBe('read');
});

test.each([
  ['true', { isActuator: true }, 'control'],
  ['text in capitals', { isActuator: 'TRUE' }, 'control'],
  ['false', { isActuator: false }, 'read'],
  ['a function', { isFunc: true, isActuator: true }, 'call'],
])('what is agreed follows from the flags of our catalogue: %s', (_, rels, agreed) => {
  const sla = agree(app, { choices: { loadavg1: href }, catalogue: [item(store, '/ts/blob/loadavg1', rels)] });
  expect(sla.datasources[0]?.agreed).toBe(agreed);
});

const many = manifestOf({
  datasources: [datasource('loadavg1', { min: 2, max: 3 }), datasource('b', { required: false })],
});
const hrefs = (...ids: number[]) => ids.map((id) => `tcp://driver-${id}-core-store:5555/ts/loadavg1`);
test.each([
  ['none of a required one', {}],
  ['too few', { loadavg1: hrefs(1) }],
  ['too many', { loadavg1: hrefs(1, 2, 3, 4) }],
  ['the same twice', { loadavg1: [...hrefs(1), ...hrefs(1)] }],
  ['one that is not asked for', { loadavg1: hrefs(1, 2), c: href }],
  ['one that is named like a member of every object', JSON.parse('{"__proto__": "x"}') as Record<string, string>],
  ['the arbiter', { loadavg1: ['tcp://arbiter:4444/ts/x', ...hrefs(1)] }],
  ['the manager’s own store', { loadavg1: ['tcp://container-manager-core-store:5555/kv/api', ...hrefs(1)] }],
  ['a host of the internet', { loadavg1: ['tcp://example.org:5555/ts/x', ...hrefs(1)] }],
  ['a store’s other port', { loadavg1: ['tcp://driver-1-core-store:5556/ts/loadavg1', ...hrefs(2)] }],
  ['a dot segment', { loadavg1: ['tcp://driver-1-core-store:5555/ts/../kv/secret', ...hrefs(2)] }],
  ['a wildcard', { loadavg1: ['tcp://driver-1-core-store:5555/ts/*', ...hrefs(2)] }],
  ['a percent sign', { loadavg1: ['tcp://driver-1-core-store:5555/ts/%2e%2e', ...hrefs(2)] }],
])('M10 a choice is refused: %s', (_, choices) => {
  expect(() => agree(many, { choices })).toThrow(expect.objectContaining({ code: 'datasource.invalid' }) as Error);
});

test.each([
  ['the whole of a store', '/'],
  ['every blob series', '/ts/blob'],
  ['every series', '/ts'],
  ['a key below', '/kv/a/b'],
  ['two series', '/ts/a,b'],
])('M10 an item of the right type cannot stand for %s', (_, path) => {
  const wide = item(store, path, { hasType: 'loadavg1' });
  expect(() => agree(app, { choices: { loadavg1: wide.href }, catalogue: [wide] })).toThrow('loadavg1');
});

test.each([
  ['every series', '/ts'],
  ['every key', '/kv'],
])('M10 an item that comes later as a function cannot open %s to a line that reads', (_, path) => {
  const wide = item(store, path, { hasType: 'loadavg1', isFunc: true });
  const waiting = agree(app, { choices: { loadavg1: wide.href } });
  expect(withItem(waiting, wide)).toBe(waiting);
});

test('an item of another type is refused with both types named', () => {
  const other = item(store, '/ts/blob/loadavg1', { hasType: 'camera' });
  expect(() => agree(app, { choices: { loadavg1: href }, catalogue: [other] })).toThrow('camera, not loadavg1');
});

test.each([
  ['a function whose name is a path', 'a/b'],
  ['a function whose name is a wildcard', '*'],
])('M10 %s is refused', (_, name) => {
  const call = manifestOf({ datasources: [datasource('f', { name })] });
  const func = item(store, '/request/f', { hasType: 'f', isFunc: true });
  expect(() => agree(call, { choices: { f: func.href }, catalogue: [func] })).toThrow('no function name');
});

test('an optional datasource may be left out; several of one are kept in order', () => {
  expect(agree(many, { choices: { loadavg1: hrefs(3, 1) } }).datasources.map((line) => line.href)).toEqual(hrefs(3, 1));
});

test('max -1 is any number', () => {
  const any = manifestOf({ datasources: [datasource('loadavg1', { max: -1 })] });
  expect(agree(any, { choices: { loadavg1: hrefs(1, 2, 3, 4, 5) } }).datasources).toHaveLength(5);
});

test.each([
  ['equal', {}, []],
  ['null lists, as the original’s Go types write them', { packages: null, 'external-whitelist': null }, []],
  ['chosen datasources', { datasources: [datasource('loadavg1', { hypercat: { href } })] }, []],
  ['another image', { 'docker-image': 'evil/app:1' }, ['docker-image']],
  [
    'another store and a destination',
    { 'resource-requirements': { store: 'core-store' }, 'export-whitelist': [{ url: 'https://evil.example/' }] },
    ['export-whitelist', 'resource-requirements'],
  ],
  ['another datasource', { datasources: [datasource('loadavg1', { type: 'camera' })] }, ['datasources']],
  ['an unknown member', { surprise: 1 }, ['surprise']],
])('M10 the difference to the repository’s manifest: %s', (_, more, members) => {
  const posted = manifestOf({ datasources: [datasource('loadavg1')], ...more });
  expect(differences(posted, app)).toEqual(members);
});

test('choices are taken off the manifest that is agreed', () => {
  const posted = manifestOf({ datasources: [datasource('loadavg1', { hypercat: { href } })] });
  expect(choicesOf(posted)).toEqual({ loadavg1: href });
  expect(withoutChoices(posted)).toEqual(app);
});

test('lines are taken back and given back one by one', () => {
  const sla = agree(
    manifestOf({
      datasources: [datasource('loadavg1'), datasource('freemem')],
      'export-whitelist': [{ url: 'https://a.example/' }, { url: 'https://b.example/' }],
    }),
    { choices: { loadavg1: href, freemem: `tcp://${store}:5555/ts/blob/freemem` } },
  );
  const less = withLine(withLine(sla, { datasource: 'loadavg1' }, true), { destination: 'https://a.example/' }, true);
  expect(less.datasources.map(({ revoked }) => revoked)).toEqual([true, false]);
  expect(less.revoked.destinations).toEqual(['https://a.example/']);
  const back = withLine(
    withLine(less, { datasource: 'loadavg1' }, false),
    { destination: 'https://a.example/' },
    false,
  );
  expect(back).toEqual(sla);
});

test.each([
  ['clientid', { datasource: 'other' }],
  ['destination', { destination: 'https://c.example/' }],
  ['host', { host: 'c.example' }],
])('an agreement has no such %s', (_, line) => {
  expect(() => withLine(agree(app, { choices: { loadavg1: href } }), line, true)).toThrow(
    expect.objectContaining({ code: 'datasource.unknown' }) as Error,
  );
});

test('a host is named in any case', () => {
  const sla = agree(driverOf({ 'external-whitelist': [{ urls: ['https://Api.Example/x'], description: 'd' }] }));
  expect(withLine(sla, { host: 'API.example' }, true).revoked.hosts).toEqual(['api.example']);
});
