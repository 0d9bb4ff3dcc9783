import { missingOf, rightsOf } from '../../../src/manager/grants.ts';
import { withLine } from '../../../src/manager/sla.ts';
import { agree, datasource, driverOf, item, manifestOf } from './fixtures.ts';

const store = 'driver-os-monitor-core-store';
const load = item(store, '/ts/blob/loadavg1');
const app = manifestOf({ datasources: [datasource('loadavg1')] });
const sla = agree(app, { choices: { loadavg1: load.href }, catalogue: [load] });

/** `GET target/path caveats`, for reading. */
const permissions = (...args: Parameters<typeof rightsOf>) =>
  rightsOf(...args).permissions.map(({ route, caveats }) =>
    `${route.method} ${route.target}${route.path} ${JSON.stringify(caveats)}`.replace(' []', ''),
  );
const peers = (...args: Parameters<typeof rightsOf>) =>
  rightsOf(...args).peers.map((peer) =>
    peer.kind === 'external'
      ? `${peer.host}:${peer.ports.map(({ protocol, port }) => `${port}/${protocol}`).join('+')}${peer.local ? ' local' : ''}`
      : `${peer.kind} ${peer.name}`,
  );

test('a datasource is read, at its own path and below, at its own store', () => {
  expect(permissions(sla, [load])).toEqual([`GET ${store}/ts/blob/loadavg1`, `GET ${store}/ts/blob/loadavg1/*`]);
  expect(peers(sla, [load])).toEqual(['service arbiter', 'service export-service', `service ${store}`]);
});

test('one that is asked for coarsely is read in aggregates, and its coming is not watched', () => {
  const granularities = [{ 'minimum-sample-interval': 60_000 }, { 'minimum-sample-interval': 3_600_000 }, { else: 1 }];
  const manifest = manifestOf({ datasources: [datasource('loadavg1', { granularities })] });
  const agreed = agree(manifest, { choices: { loadavg1: load.href }, catalogue: [load] });
  expect(permissions(agreed, [load])).toEqual([
    `GET ${store}/ts/blob/loadavg1/* [{"minimum-sample-interval":3600000}]`,
  ]);
});

test.each([
  [
    'an actuator',
    { isActuator: true },
    ['POST /kv/set-fan/*', 'POST /kv/set-fan', 'GET /kv/set-fan', 'GET /kv/set-fan/*'],
  ],
  [
    'a function',
    { isFunc: 'True' },
    ['POST /notification/request/Forecast/*', 'GET /notification/response/Forecast/*'],
  ],
])('%s', (_, rels, routes) => {
  const found = item(store, '/kv/set-fan', { hasType: 'fan', ...rels });
  const manifest = manifestOf({ datasources: [datasource('FAN', { type: 'fan', name: 'Forecast' })] });
  const agreed = agree(manifest, { choices: { FAN: found.href }, catalogue: [found] });
  expect(permissions(agreed, [found])).toEqual(routes.map((route) => route.replace(' ', ` ${store}`)));
});

test('while the driver is gone there is no permission and no name for its store, and both come back', () => {
  expect(permissions(sla, [])).toEqual([]);
  expect(peers(sla, [])).toEqual(['service arbiter', 'service export-service']);
  expect(missingOf(sla, [])).toEqual([load.href]);
  expect(missingOf(sla, [load])).toEqual([]);
});

test('a datasource that changes its type loses its permission', () => {
  expect(permissions(sla, [item(store, '/ts/blob/loadavg1', { hasType: 'camera' })])).toEqual([]);
});

test('a line that was taken back grants nothing, and is not waited for', () => {
  const revoked = withLine(sla, { datasource: 'loadavg1' }, true);
  expect(permissions(revoked, [load])).toEqual([]);
  expect(peers(revoked, [load])).not.toContain(`service ${store}`);
  expect(missingOf(revoked, [])).toEqual([]);
});

test('a store of its own is all its own, and it is a peer', () => {
  const own = agree(manifestOf({ 'resource-requirements': { store: 'core-store' } }));
  expect(permissions(own, [])).toEqual(['GET', 'POST', 'DELETE'].map((method) => `${method} app-x-core-store/*`));
  expect(peers(own, [])).toContain('service app-x-core-store');
});

test('every destination has its own grants, each with its own caveat', () => {
  const exporting = agree(
    manifestOf({ 'export-whitelist': [{ url: 'https://a.example' }, { url: 'https://b.example/x?y=1' }] }),
  );
  expect(permissions(exporting, [])).toEqual([
    'POST export-service/export [{"destination":"https://a.example/"}]',
    'POST export-service/lp/export [{"destination":"https://a.example/"}]',
    'POST export-service/export [{"destination":"https://b.example/x?y=1"}]',
    'POST export-service/lp/export [{"destination":"https://b.example/x?y=1"}]',
  ]);
  expect(permissions(withLine(exporting, { destination: 'https://a.example' }, true), [])).toHaveLength(2);
});

test('a destination that is taken back is taken back in every spelling', () => {
  const urls = ['https://a.example', 'https://A.example/', 'https://a.example:443/'];
  const exporting = agree(manifestOf({ 'export-whitelist': urls.map((url) => ({ url })) }));
  expect(permissions(withLine(exporting, { destination: 'https://a.example' }, true), [])).toEqual([]);
});

test('a driver reaches the hosts and ports of its URLs, and neither an app nor the export service', () => {
  const whitelist = [
    { urls: ['https://api.example/v1', 'wss://api.example/live', 'https://api.example:8443/'], description: 'd' },
    { urls: ['http://bridge.example/'], local: true, description: 'd' },
    { urls: ['ws://API.example/'], description: 'd' },
  ];
  const driver = agree(driverOf({ 'external-whitelist': whitelist }));
  expect(peers(driver, [])).toEqual([
    'service arbiter',
    'api.example:443/tcp+8443/tcp+80/tcp',
    'bridge.example:80/tcp local',
  ]);
  expect(peers(withLine(driver, { host: 'api.example' }, true), [])).toEqual([
    'service arbiter',
    'bridge.example:80/tcp local',
  ]);
  expect(permissions(driver, [])).toEqual([]);
});

test('M10 an agreement of an app cannot reach outside, whatever its manifest came to say', () => {
  const forged = {
    ...sla,
    manifest: {
      ...sla.manifest,
      'external-whitelist': [{ urls: ['https://evil.example/'], description: '', local: true }],
    },
  };
  expect(peers(forged, [load])).not.toContain('evil.example:443/tcp local');
});

test('two lines on one datasource are one grant', () => {
  const twice = manifestOf({
    datasources: [datasource('a', { type: 'loadavg1' }), datasource('b', { type: 'loadavg1' })],
  });
  const agreed = agree(twice, { choices: { a: load.href, b: load.href }, catalogue: [load] });
  expect(permissions(agreed, [load])).toHaveLength(2);
  expect(permissions(withLine(agreed, { datasource: 'a' }, true), [load])).toHaveLength(2);
});
