/** What passes, and that nothing else arrives: with real packets, asserted at the receiver. */
import { setTimeout as sleep } from 'node:timers/promises';
import { at, createRig, everything, options, type Rig } from './rig.ts';

let rig: Rig;

async function build(bridgeCalls: boolean): Promise<void> {
  rig = createRig({ bridgeCalls });
  const { box, a, b, net, lan } = rig.agents;
  await box.call('start', { ...options, wire: everything });
  await box.call('listenTcp', { host: at.service, port: 18_080 });
  await box.call('listenTcp', { host: '0.0.0.0', port: 9_000 });
  await box.call('listenUdp', { host: '0.0.0.0', port: 9_001 });
  await box.call('listenUdp', { host: '::', port: 9_002, six: true });
  await box.call('listenUdp', { host: '0.0.0.0', port: 53 });
  await a.call('listenTcp', { host: '0.0.0.0', port: 8080 });
  for (const port of [8080, 9_000]) await b.call('listenTcp', { host: '0.0.0.0', port });
  for (const port of [443, 80]) await net.call('listenTcp', { host: '0.0.0.0', port });
  await net.call('listenUdp', { host: '0.0.0.0', port: 5_000 });
  await lan.call('listenTcp', { host: '0.0.0.0', port: 80 });
}

/** Everybody's arrivals since the last call. */
async function arrived(): Promise<string[]> {
  const all = await Promise.all(
    Object.entries(rig.agents).map(async ([place, agent]) =>
      (await agent.call('arrivals')).map(({ kind, port, from }) => `${place} ${kind} ${port} from ${from}`),
    ),
  );
  return all.flat();
}
describe.each([true, false])('with bridge calls %s', (bridgeCalls) => {
  beforeAll(() => build(bridgeCalls), 60_000);
  afterAll(() => rig[Symbol.asyncDispose]());
  beforeEach(() => arrived());

  describe('passes', () => {
    test('component to service, at its well-known port', async () => {
      expect(await rig.agents.a.call('connect', { host: at.aService, port: 8080 })).toHaveProperty('id');
      expect(await arrived()).toEqual([`box tcp 18080 from ${at.a}`]);
    });

    test('component to component, each seeing the other at an address of its own subnet', async () => {
      expect(await rig.agents.a.call('connect', { host: at.aToB, port: 8080 })).toHaveProperty('id');
      expect(await arrived()).toEqual([`b tcp 8080 from ${at.bFromA}`]);
    });

    test('component to the outside, as the box', async () => {
      expect(await rig.agents.b.call('connect', { host: at.bOutside, port: 443 })).toHaveProperty('id');
      expect(await rig.agents.b.call('udp', { host: at.bOutside, port: 5_000 })).toBe('echo hello');
      expect(await arrived()).toEqual([`net tcp 443 from ${at.outsideBox}`, `net udp 5000 from ${at.outsideBox}`]);
    });

    test('the manager to a component’s page', async () => {
      const target = { host: at.a, port: 8080, local: at.aManager };
      expect(await rig.agents.box.call('connect', target)).toHaveProperty('id');
      expect(await arrived()).toEqual([`a tcp 8080 from ${at.aManager}`]);
    });

    test('DNS to the own gateway, while the resolver says that it is alive', async () => {
      const ask = () => rig.agents.a.call('udp', { host: at.aGateway, port: 53 });
      expect(await ask()).toBeNull();
      await rig.agents.box.call('alive');
      expect(await ask()).toBe('echo hello');
      await sleep(3_500);
      expect(await ask()).toBeNull();
    });

    test('the second packet of a flow never reaches the queue', async () => {
      const judged = async () => (await rig.agents.box.call('counters'))?.queue.judged;
      const { id = 0 } = await rig.agents.a.call('connect', { host: at.aService, port: 8080 });
      const before = await judged();
      for (let turn = 0; turn < 20; turn++) await rig.agents.a.call('write', { id, text: 'x'.repeat(5_000) });
      const echoed = async () => (await rig.agents.a.call('states')).find((state) => state.id === id)?.text.length ?? 0;
      for (let look = 0; look < 50 && (await echoed()) < 100_000; look++) await sleep(200);
      expect(await echoed()).toBe(100_000);
      expect(await judged()).toBe(before);
    });

    test('an unanswered UDP flow is judged once', async () => {
      const judged = async () => (await rig.agents.box.call('counters'))?.queue.judged ?? 0;
      const before = await judged();
      for (let turn = 0; turn < 5; turn++) {
        await rig.agents.b.call('udp', { host: at.bOutside, port: 5_001, localPort: 40_001, timeoutMs: 50 });
      }
      expect((await judged()) - before).toBe(1);
    });
  });

  describe('arrives nowhere', () => {
    const refusedTcp = [
      ['a port that was not agreed', 'a', { host: at.aService, port: 8081 }],
      ['a service on 0.0.0.0 through a spoofed address', 'a', { host: at.aService, port: 9_000 }],
      ['a spoofed address on a port that Docker publishes', 'a', { host: at.aToB, port: 8081 }],
      ['the service’s real address', 'a', { host: at.service, port: 18_080 }],
      ['the service’s real address, well-known port', 'a', { host: at.service, port: 8080 }],
      ['the own gateway', 'a', { host: at.aGateway, port: 9_000 }],
      ['another gateway', 'a', { host: at.bGateway, port: 9_000 }],
      ['the box’s address in the house', 'a', { host: at.house, port: 9_000 }],
      ['another component’s real address', 'a', { host: at.b, port: 8080 }],
      ['another port of an agreed component', 'a', { host: at.aToB, port: 9_000 }],
      ['an address of another bridge', 'a', { host: at.bFromA, port: 8080 }],
      ['the reverse of an agreed direction', 'b', { host: at.bFromA, port: 8080 }],
      ['a machine in the house', 'a', { host: at.lan, port: 80 }],
      ['the outside by number', 'b', { host: at.outside, port: 443 }],
      ['an agreed outside host on another port', 'b', { host: at.bOutside, port: 80 }],
      ['somebody else’s outside host', 'a', { host: at.outside, port: 443 }],
    ] as const;
    test.each(refusedTcp)('%s', async (_claim, from, target) => {
      expect(await rig.agents[from].call('connect', { ...target, timeoutMs: 300 })).not.toHaveProperty('id');
      expect(await arrived()).toEqual([]);
    });

    test('UDP to any of the box’s addresses, from any source port', async () => {
      for (const host of [at.aGateway, at.aService, at.service, at.house]) {
        for (const localPort of [0, 53, 67, 443]) {
          expect(await rig.agents.a.call('udp', { host, port: 9_001, localPort, timeoutMs: 60 })).toBeNull();
        }
      }
      expect(await arrived()).toEqual([]);
    });

    test('a forged source: a neighbour’s, the gateway’s, a machine’s in the house', async () => {
      for (const local of [at.b, '10.196.1.7', at.lan, at.aToB]) {
        rig.in('a', `ip addr add ${local}/32 dev eth0`);
        await rig.agents.a.call('connect', { host: at.aService, port: 8080, local, timeoutMs: 200 });
        await rig.agents.a.call('udp', { host: at.aGateway, port: 9_001, local, timeoutMs: 60 });
        rig.in('a', `ip addr del ${local}/32 dev eth0`);
      }
      expect(await arrived()).toEqual([]);
    });

    test('an echo request, to the gateway, a spoofed address and the outside', () => {
      const echoes = (place: 'box' | 'net') =>
        rig.in(place, "awk '/^Icmp:/ {print $9}' /proc/net/snmp | tail -1").trim();
      const before = [echoes('box'), echoes('net')];
      for (const host of [at.aGateway, at.aService, at.outside]) {
        rig.in('a', `busybox ping -c 2 -i 0.1 -W 1 ${host} || true`);
      }
      expect([echoes('box'), echoes('net')]).toEqual(before);
    });

    test('version six', async () => {
      expect(await rig.agents.a.call('udp', { host: 'fd00:1::1', port: 9_002, timeoutMs: 300 })).toBeNull();
      expect(await arrived()).toEqual([]);
    });

    test('the house to the pool: gateway, service, spoofed address, component', async () => {
      for (const [host, port] of [
        [at.aGateway, 9_000],
        [at.service, 18_080],
        [at.aService, 9_000],
        [at.a, 8080],
      ] as const) {
        expect(await rig.agents.lan.call('connect', { host, port, timeoutMs: 200 })).not.toHaveProperty('id');
      }
      expect(await arrived()).toEqual([]);
    });

    test('the house in the name of a component', async () => {
      rig.in('lan', `ip addr add ${at.a}/32 dev eth0`);
      await rig.agents.lan.call('connect', { host: at.house, port: 9_000, local: at.a, timeoutMs: 200 });
      rig.in('lan', `ip addr del ${at.a}/32 dev eth0`);
      expect(await arrived()).toEqual([]);
    });

    test('a host process to a component, but for the manager’s page', async () => {
      const { box } = rig.agents;
      expect(await box.call('connect', { host: at.b, port: 8080, timeoutMs: 200 })).not.toHaveProperty('id');
      expect(
        await box.call('connect', { host: at.b, port: 9_000, local: at.bManager, timeoutMs: 200 }),
      ).not.toHaveProperty('id');
      expect(await arrived()).toEqual([]);
    });
  });

  test('refusals are on record, by component and destination', async () => {
    await rig.agents.a.call('connect', { host: at.aService, port: 7_777, timeoutMs: 200 });
    const counters = await rig.agents.box.call('counters');
    expect(counters?.refused).toContainEqual(
      expect.objectContaining({ component: 'a', src: at.a, dst: at.aService, protocol: 'tcp', port: 7_777 }),
    );
    expect(counters?.pairs).toContainEqual({
      src: at.a,
      dst: at.aService,
      accepted: expect.any(Number) as number,
      refused: expect.any(Number) as number,
    });
  });

  test('a storm of new flows is cut down to its rate before it reaches the queue', async () => {
    const judged = async () => (await rig.agents.box.call('counters'))?.queue.judged ?? 0;
    await sleep(2_000);
    const before = await judged();
    const started = Date.now();
    const shots = Array.from({ length: 1_500 }, (_, index) =>
      rig.agents.a.call('udp', { host: at.aService, port: 20_000 + index, timeoutMs: 20 }),
    );
    await Promise.all(shots);
    const seconds = (Date.now() - started) / 1000;
    expect((await judged()) - before).toBeLessThan(400 + 200 * (seconds + 1));
  });
});
