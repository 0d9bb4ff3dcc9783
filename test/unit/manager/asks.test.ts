import { asksOf, candidatesOf, riskOf, type Proposal } from '../../../src/manager/asks.ts';
import { datasource, driverOf, item, manifestOf } from './fixtures.ts';

const store = 'driver-climate-core-store';
const temperature = item(store, '/ts/temperature', { description: 'Temperature of the kitchen' });
const proposal = (more: Partial<Proposal> = {}): Proposal => ({
  ...{ manifest: manifestOf(), catalogue: [temperature], choices: {} },
  ...more,
});
const sentences = (more: Partial<Proposal>, origin = 'owner') =>
  asksOf(proposal(more), origin).map(({ kind, sentence }) => `${kind}: ${sentence}`);

test('a datasource is asked for by what our catalogue says of it', () => {
  const manifest = manifestOf({ datasources: [datasource('T', { type: 'temperature', name: 'room' })] });
  expect(sentences({ manifest })).toContain(
    'read: May read Temperature of the kitchen (temperature) of driver-climate.',
  );
});

test.each([
  [1, '1 ms'],
  [1_000, '1 second'],
  [90_000, '90 seconds'],
  [3_600_000, '1 hour'],
  [172_800_000, '2 days'],
])('one that is asked for coarsely says how: %i ms', (interval, words) => {
  const granularities = [{ 'minimum-sample-interval': interval }];
  const manifest = manifestOf({ datasources: [datasource('T', { type: 'temperature', granularities })] });
  expect(sentences({ manifest })[0]).toBe(
    `read: May read Temperature of the kitchen (temperature) of driver-climate, only as averages and the like over ${words} or more.`,
  );
});

test.each([
  ['an actuator', { isActuator: true }, 'control: May read and control'],
  ['a function', { isFunc: true }, 'call: May call'],
])('%s is said to be one', (_, rels, words) => {
  const manifest = manifestOf({ datasources: [datasource('F', { type: 'fan' })] });
  const fan = item(store, '/kv/fan', rels);
  expect(sentences({ manifest, catalogue: [fan] })[0]).toMatch(words);
});

test('one that nobody offers yet, an optional one, and one among several', () => {
  const manifest = manifestOf({
    datasources: [datasource('A'), datasource('B', { required: false }), datasource('T', { type: 'temperature' })],
  });
  const other = item('driver-other-core-store', '/ts/temperature');
  expect(sentences({ manifest, catalogue: [temperature, other] }).slice(0, 3)).toEqual([
    'read: May read A (A).',
    'read: May read B (B), if you choose one.',
    'read: May read T (temperature).',
  ]);
  expect(sentences({ manifest, catalogue: [temperature, other], choices: { T: other.href } })[2]).toBe(
    'read: May read T (temperature) of driver-other.',
  );
});

test('what leaves, what is reached, what is kept, what is claimed, and where it comes from', () => {
  const manifest = manifestOf({
    author: 'A. Author',
    'export-whitelist': [{ url: 'https://a.example/', description: 'A weekly summary' }, { url: 'https://b.example/' }],
    'resource-requirements': { store: 'core-store' },
    packages: [{ name: 'Rooms', purpose: 'Show rooms', risks: 'Shows who is in', benefits: '' }],
  });
  expect(sentences({ manifest }, 'https://github.com/me-box/databox-manifest-store')).toEqual([
    'export: May send data to https://a.example/: A weekly summary',
    'export: May send data to https://b.example/.',
    'store: Keeps data of its own on this box.',
    'package: Rooms — Show rooms — Shows who is in',
    'origin: Comes from https://github.com/me-box/databox-manifest-store, written by A. Author.',
  ]);
  const driver = driverOf({
    'external-whitelist': [
      { urls: ['https://api.example/', 'https://cdn.example/'], description: 'The forecast' },
      { urls: ['http://bridge.example/'], local: true },
    ],
  });
  expect(sentences({ manifest: driver })).toEqual([
    'external: May talk to https://api.example/, https://cdn.example/: The forecast',
    'local: May talk to http://bridge.example/, in your home network.',
    'origin: Was uploaded by you: no repository vouches for it.',
  ]);
});

test('candidates are of the type asked for, and never outside components’ stores', () => {
  const manager = item('container-manager-core-store', '/kv/temperature');
  const [asked] = manifestOf({ datasources: [datasource('T', { type: 'temperature' })] }).datasources;
  expect(asked && candidatesOf(asked, [manager, temperature, item(store, '/ts/humidity')])).toEqual([temperature]);
});

const load = (more = {}) => manifestOf({ datasources: [datasource('loadavg1')], ...more });
test.each([
  ['nothing asked', manifestOf(), 0],
  ['system load', load(), 1],
  ['tweets', manifestOf({ datasources: [datasource('a', { type: 'twitterUserTimeLine' })] }), 2],
  ['something unknown', manifestOf({ datasources: [datasource('a', { type: 'face' })] }), 5],
  ['system load that is sent away', load({ 'export-whitelist': [{ url: 'https://a.example/' }] }), 5],
  ['a driver of system load', driverOf({ provides: [{ 'data-source-type': 'freemem' }] }), 1],
  ['a driver that talks to the outside', driverOf({ 'external-whitelist': [{ urls: ['https://a.example/'] }] }), 5],
])('risk: %s', (_, manifest, risk) => expect(riskOf(proposal({ manifest }))).toBe(risk));

test('risk: what is controlled counts at least 4, by our catalogue', () => {
  const switching = item(store, '/kv/loadavg1', { isActuator: true });
  expect(riskOf(proposal({ manifest: load(), catalogue: [switching] }))).toBe(4);
});
