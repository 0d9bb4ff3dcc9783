/** The worked examples of the original network, as far as directional agreements keep them. */
import {
  answer,
  judge,
  lost,
  nameOf,
  nothing,
  pointed,
  externalKey,
  type Tables,
} from '../../../src/network/tables.ts';
import {
  connected,
  disconnected,
  manager,
  nobody,
  spoofs,
  tablesOf,
  withComponent,
  withoutComponent,
  withoutService,
  withService,
  type Peer,
  type Policy,
} from '../../../src/network/policy.ts';

const app = '10.0.2.5';
const driver = '10.0.1.7';
const netDriver = '10.0.3.6';
const stranger = '10.0.9.9';

/** As the address book does it: per network from `.254` down, in the order in which they are wanted. */
function build(policy: Policy, known = new Map<string, string>()): Tables {
  for (const [network, peer] of spoofs(policy)) {
    const key = `${network} ${peer}`;
    const subnet = policy.components.get(network)?.gateway.replace(/\.1$/, '') ?? '';
    const used = [...known.values()].filter((address) => address.startsWith(`${subnet}.`)).length;
    if (!known.has(key)) known.set(key, `${subnet}.${254 - used}`);
  }
  return tablesOf(policy, (network, peer) => known.get(`${network} ${peer}`) ?? 'nowhere');
}

const service = (name: string, address: string) => ({ name, address, ports: new Map([[8080, 40_000]]) });
const component = (name: string, address: string, bridge: string) => ({
  name,
  address,
  bridge,
  gateway: address.replace(/\d+$/, '1'),
});
const peers = (...names: string[]): Peer[] => names.map((name) => ({ kind: 'service', name }));
const world = [
  service('arbiter', '10.0.0.6'),
  service('export-service', '10.0.0.8'),
  service('driver-os-monitor-core-store', '10.0.0.9'),
  service(manager, '10.0.0.5'),
].reduce(withService, nobody);
const housed = [
  component('app-os-monitor', app, 'dbx-2'),
  component('driver-os-monitor', driver, 'dbx-1'),
  component('driver-net', netDriver, 'dbx-3'),
].reduce(withComponent, world);

const agreed = connected(housed, 'app-os-monitor', peers('arbiter', 'export-service', 'driver-os-monitor-core-store'));
const book = new Map<string, string>();
const tables = build(agreed, book);
const store = answer(tables, app, 'driver-os-monitor-core-store') ?? '';

describe('example 1: an app is connected to the services of its agreement', () => {
  for (const [claim, src, dst, port, to] of [
    ['the app reaches its store at the spoofed address', app, '10.0.2.251', 8080, { ip: '10.0.0.9', port: 40_000 }],
    ['the app reaches the arbiter without a lookup first', app, '10.0.2.253', 8080, { ip: '10.0.0.6', port: 40_000 }],
    ['a port that nobody published is shut', app, '10.0.2.251', 22, null],
    ['the real address of the store is shut', app, '10.0.0.9', 8080, null],
    ['the listening port is not a door', app, '10.0.2.251', 40_000, null],
    ['another component is shut', app, driver, 8080, null],
    ['a component nobody named is shut', stranger, '10.0.2.251', 8080, null],
    ['another component may not use the app’s address of the store', driver, '10.0.2.251', 8080, null],
    ['no row leads back from the store', '10.0.0.9', '10.0.0.254', 8080, null],
    ['the manager’s address is no door for the component', app, '10.0.2.254', 8080, null],
  ] as const) {
    test(claim, () => expect(judge(tables, { src, dst, protocol: 'tcp', port })?.to ?? null).toEqual(to));
  }
  test('UDP to a TCP service is shut', () =>
    expect(judge(tables, { src: app, dst: store, protocol: 'udp', port: 8080 })).toBeNull());
  test('a service sees the component’s own address', () =>
    expect(judge(tables, { src: app, dst: store, protocol: 'tcp', port: 8080 })?.snat).toBeNull());
  for (const [claim, asker, name, address] of [
    ['the app resolves its store', app, 'driver-os-monitor-core-store', '10.0.2.251'],
    ['the app resolves the export service', app, 'export-service', '10.0.2.252'],
    ['the app does not resolve an outside name', app, 'www.example.org', null],
    ['the app does not resolve the manager', app, manager, null],
    ['the store does not resolve the app', '10.0.0.9', 'app-os-monitor', null],
    ['another component resolves nothing', driver, 'arbiter', null],
  ] as const) {
    test(claim, () => expect(answer(tables, asker, name)).toBe(address));
  }
  test('a spoofed address has its agreed name, for its own component only', () => {
    expect(nameOf(tables, app, store)).toBe('driver-os-monitor-core-store');
    expect(nameOf(tables, driver, store)).toBeNull();
  });
  test('the manager has an address in every subnet', () =>
    expect([...tables.components.values()].map(({ managerAddress }) => managerAddress)).toEqual([
      '10.0.2.254',
      '10.0.1.254',
      '10.0.3.254',
    ]));
  test('connecting again changes nothing', () =>
    expect(build(connected(agreed, 'app-os-monitor', peers('arbiter')))).toEqual(tables));
});

describe('example 2: an outside host, and a component that reaches another', () => {
  const host: Peer = { kind: 'external', host: 'api.example.net', ports: [{ protocol: 'tcp', port: 443 }] };
  const outside = build(connected(housed, 'driver-net', [host]));
  const dst = answer(outside, netDriver, 'api.example.net') ?? '';
  const flow = { src: netDriver, dst, protocol: 'tcp', port: 443 } as const;
  const at = (ip: string) => pointed(outside, new Map([[externalKey(netDriver, 'api.example.net'), ip]]));

  test('the name has an address before it is looked up', () => expect(dst).toBe('10.0.3.253'));
  test('nothing passes before the name is looked up', () => expect(judge(outside, flow)).toBeNull());
  test('then its rows lead to the address that upstream gave', () =>
    expect(judge(at('203.0.113.10'), flow)).toMatchObject({
      to: { ip: '203.0.113.10', port: 443 },
      snat: 'masquerade',
    }));
  test('another port of the host stays shut', () =>
    expect(judge(at('203.0.113.10'), { ...flow, port: 80 })).toBeNull());
  test('the host’s own address stays shut', () =>
    expect(judge(at('203.0.113.10'), { ...flow, dst: '203.0.113.10' })).toBeNull());
  test('an app that did not agree it resolves nothing', () =>
    expect(answer(outside, app, 'api.example.net')).toBeNull());
  test('a moved name loses no flow', () => expect(lost(at('203.0.113.10'), at('203.0.113.11'))).toEqual([]));

  const both = build(connected(housed, 'app-os-monitor', [{ kind: 'component', name: 'driver-net', ports: [9000] }]));
  const row = judge(both, { src: app, dst: '10.0.2.253', protocol: 'tcp', port: 9000 });
  test('a component reaches another as a spoofed address of the other’s subnet', () =>
    expect(row).toMatchObject({ to: { ip: netDriver, port: 9000 }, snat: '10.0.3.254' }));
  test('and the other cannot open a connection back', () => {
    expect(judge(both, { src: netDriver, dst: '10.0.3.254', protocol: 'tcp', port: 9000 })).toBeNull();
    expect(answer(both, netDriver, 'app-os-monitor')).toBeNull();
  });
});

describe('example 3: a store restarts with a new address, then the app is removed', () => {
  const moved = build(withService(agreed, service('driver-os-monitor-core-store', '10.0.0.19')));
  test('the app keeps the address it knows, the row leads to the new one', () => {
    expect(answer(moved, app, 'driver-os-monitor-core-store')).toBe(store);
    expect(judge(moved, { src: app, dst: store, protocol: 'tcp', port: 8080 })?.to?.ip).toBe('10.0.0.19');
  });
  test('flows to the old address are to be cut', () =>
    expect(lost(tables, moved).map(({ peer }) => peer)).toEqual(['driver-os-monitor-core-store']));
  test('a restart at the same address changes nothing', () =>
    expect(build(withService(agreed, service('arbiter', '10.0.0.6')))).toEqual(tables));
  test('a component that moves takes its agreements along', () => {
    const elsewhere = build(withComponent(agreed, component('app-os-monitor', '10.0.2.9', 'dbx-2')));
    expect(judge(elsewhere, { src: '10.0.2.9', dst: store, protocol: 'tcp', port: 8080 })).not.toBeNull();
    expect(judge(elsewhere, { src: app, dst: store, protocol: 'tcp', port: 8080 })).toBeNull();
    expect(answer(elsewhere, app, 'arbiter')).toBeNull();
  });
  test('disconnected, the app has no row and no name', () => {
    const gone = build(disconnected(agreed, 'app-os-monitor'));
    expect([gone.transport.size, answer(gone, app, 'arbiter')]).toEqual([0, null]);
    expect(lost(tables, gone)).toHaveLength(3);
  });
  test('one peer disconnected leaves the others', () => {
    const less = build(disconnected(agreed, 'app-os-monitor', ['arbiter']), book);
    expect(answer(less, app, 'arbiter')).toBeNull();
    expect(lost(tables, less).map(({ peer }) => peer)).toEqual(['arbiter']);
  });
  test('removed, nothing of it is left; one that returns under its name starts with nothing', () => {
    const gone = withoutComponent(
      connected(agreed, 'driver-net', [{ kind: 'component', name: 'app-os-monitor' }]),
      'app-os-monitor',
    );
    expect(build(gone).transport).toEqual(new Map());
    const back = build(withComponent(gone, component('app-os-monitor', app, 'dbx-2')));
    expect([back.transport.size, answer(back, netDriver, 'app-os-monitor')]).toEqual([0, null]);
  });
});

test('a service that is not there yet is agreed, and gets its rows when it comes', () => {
  const early = connected(
    withComponent(nobody, component('app-os-monitor', app, 'dbx-2')),
    'app-os-monitor',
    peers('arbiter'),
  );
  expect(answer(build(early), app, 'arbiter')).toBe('10.0.2.253');
  expect(build(early).transport.size).toBe(0);
  const flow = { src: app, dst: '10.0.2.253', protocol: 'tcp', port: 8080 } as const;
  expect(judge(build(withService(early, service('arbiter', '10.0.0.6'))), flow)).not.toBeNull();
  expect(build(withoutService(agreed, 'arbiter')).transport.size).toBe(2);
});

test('a change is a new table: the old one does not move', () => {
  const before = structuredClone(tables);
  build(disconnected(agreed, 'app-os-monitor'));
  expect(tables).toEqual(before);
});

test('the default is silence', () =>
  expect(judge(nothing, { src: app, dst: store, protocol: 'tcp', port: 8080 })).toBeNull());
