/** A permission that is taken back ends its open flows, at both ends, at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { at, createRig, everything, options, type Rig, tablesWith } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = createRig();
  const { box, b, net } = rig.agents;
  await box.call('start', { ...options, wire: everything });
  await box.call('listenTcp', { host: at.service, port: 18_080 });
  await b.call('listenTcp', { host: '0.0.0.0', port: 8080 });
  await net.call('listenTcp', { host: '0.0.0.0', port: 443 });
  await net.call('listenUdp', { host: '0.0.0.0', port: 5_000 });
}, 60_000);
afterAll(() => rig[Symbol.asyncDispose]());
afterEach(async () => {
  await rig.agents.box.call('withdraw', everything.rows);
  await rig.agents.box.call('apply', everything);
});

type Place = 'a' | 'b' | 'box' | 'net';
const last = async (place: Place) => (await rig.agents[place].call('states')).at(-1);
const until = async (check: () => Promise<boolean>, ms: number): Promise<number> => {
  const started = Date.now();
  while (!(await check())) {
    if (Date.now() - started > ms) throw new Error(`not within ${ms} ms`);
    await sleep(20);
  }
  return Date.now() - started;
};

const cases = [
  ['a service', 'a', 'box', { host: at.aService, port: 8080 }, { src: at.a, dst: at.aService }, 'service'],
  ['a component', 'a', 'b', { host: at.aToB, port: 8080 }, { src: at.a, dst: at.aToB }, 'peer'],
  ['the outside', 'b', 'net', { host: at.bOutside, port: 443 }, { src: at.b, dst: at.bOutside }, 'outside'],
] as const;

describe.each(cases)('to %s', (_claim, from, to, target, pair, row) => {
  const without = tablesWith(...(['service', 'peer', 'outside', 'outsideUdp'] as const).filter((name) => name !== row));
  const open = async () => {
    const { id = 0 } = await rig.agents[from].call('connect', target);
    await rig.agents[from].call('write', { id, text: 'hello' });
    await until(async () => (await last(from))?.text === 'hello', 1_000);
    expect((await last(to))?.state).toBe('open');
    return id;
  };
  const bothReset = async () => {
    const ended = async (place: Place) => (await last(place))?.state === 'ECONNRESET';
    await until(async () => (await ended(from)) && (await ended(to)), 1_000);
  };

  test('an idle connection is reset at both ends, and none comes after it', async () => {
    await open();
    await rig.agents.box.call('apply', without);
    expect(await rig.agents.box.call('withdraw', [pair])).toBe(1);
    await bothReset();
    expect(await rig.agents[from].call('connect', { ...target, timeoutMs: 300 })).not.toHaveProperty('id');
  });

  test('an upload at full speed, too', async () => {
    const id = await open();
    await rig.agents[from].call('pump', { id });
    await sleep(200);
    await rig.agents.box.call('apply', without);
    expect(await rig.agents.box.call('withdraw', [pair])).toBe(1);
    await bothReset();
  });

  test('a download at full speed, too', async () => {
    await open();
    await rig.agents[to].call('pump', { id: (await last(to))?.id ?? 0 });
    await sleep(200);
    await rig.agents.box.call('apply', without);
    expect(await rig.agents.box.call('withdraw', [pair])).toBe(1);
    await bothReset();
  });

  test('with the row still there, open flows end and new ones pass', async () => {
    await open();
    expect(await rig.agents.box.call('withdraw', [pair])).toBe(1);
    await bothReset();
    await open();
  });
});

test('only the pair that is named, and only the port', async () => {
  const kept = await rig.agents.a.call('connect', { host: at.aToB, port: 8080 });
  await rig.agents.a.call('connect', { host: at.aService, port: 8080 });
  expect(await rig.agents.box.call('withdraw', [{ src: at.a, dst: at.aService, protocol: 'tcp', port: 1 }])).toBe(0);
  expect(await rig.agents.box.call('withdraw', [{ src: at.a, dst: at.aService, protocol: 'tcp', port: 8080 }])).toBe(1);
  await until(async () => (await last('a'))?.state === 'ECONNRESET', 1_000);
  const { id = 0 } = kept;
  await rig.agents.a.call('write', { id, text: 'still here' });
  const echoed = async () =>
    (await rig.agents.a.call('states')).some((state) => state.id === id && state.text === 'still here');
  await until(echoed, 1_000);
});

test('a UDP flow in full swing', async () => {
  const ask = () => rig.agents.b.call('udp', { host: at.bOutside, port: 5_000, localPort: 40_000, timeoutMs: 200 });
  expect(await ask()).toBe('echo hello');
  await rig.agents.box.call('apply', tablesWith('service', 'peer', 'outside'));
  expect(await rig.agents.box.call('withdraw', [{ src: at.b, dst: at.bOutside }])).toBe(1);
  expect(await ask()).toBeNull();
});

test('an address that another component takes over has only its own rights', async () => {
  await rig.agents.a.call('connect', { host: at.aService, port: 8080 });
  const { components } = everything;
  const heir = { rows: [], components: [[at.a, { ...components[0]?.[1], name: 'heir' }], ...components.slice(1)] };
  await rig.agents.box.call('apply', heir as unknown as typeof everything);
  expect(await rig.agents.box.call('withdraw', [{ src: at.a, dst: at.aService }])).toBe(1);
  expect(await rig.agents.a.call('connect', { host: at.aService, port: 8080 })).toEqual({ error: 'ECONNREFUSED' });
  expect((await rig.agents.box.call('counters'))?.refused[0]).toMatchObject({ component: 'heir' });
});
