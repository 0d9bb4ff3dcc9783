/** The gate holds: while rules are swept away, while the process is dead, before it is back; and it leaves nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, at, createRig, dockerRules, everything, options, type Rig, tablesWith } from './rig.ts';

let rig: Rig;
let box: Agent;
let everywhere: Agent[];

async function build(backend: 'iptables' | 'iptables-legacy' = 'iptables'): Promise<void> {
  rig = createRig({ backend });
  box = rig.agents.box;
  await box.call('start', { ...options, wire: everything });
  // Services in another process than the enforcer: they outlive it.
  const services = rig.agent('box');
  await services.call('listenTcp', { host: at.service, port: 18_080 });
  await services.call('listenTcp', { host: '0.0.0.0', port: 9_000 });
  await services.call('listenUdp', { host: '0.0.0.0', port: 9_001 });
  await rig.agents.b.call('listenTcp', { host: '0.0.0.0', port: 8080 });
  rig.in('a', 'ip addr add 10.196.1.9/32 dev eth0');
  rig.in('lan', `ip addr add ${at.b}/32 dev eth0`);
  everywhere = [services, rig.agents.a, rig.agents.b, rig.agents.net];
}
const arrivals = async () => (await Promise.all(everywhere.map((agent) => agent.call('arrivals')))).flat();
const repairs = async () => (await box.call('health')).repairs ?? 0;
const passes = async (): Promise<void> => {
  expect(await rig.agents.a.call('connect', { host: at.aService, port: 8080 })).toHaveProperty('id');
  expect(await rig.agents.a.call('connect', { host: at.aToB, port: 8080 })).toHaveProperty('id');
};

/** What must not arrive, tried as fast as it goes from a component and from the house until `stop`. */
async function tryEverything(stop: () => boolean): Promise<number> {
  let tries = 0;
  const { a, lan } = rig.agents;
  while (!stop()) {
    await Promise.all([
      a.call('connect', { host: at.aService, port: 9_000, timeoutMs: 30 }),
      a.call('connect', { host: at.house, port: 9_000, timeoutMs: 30 }),
      a.call('connect', { host: at.b, port: 8080, timeoutMs: 30 }),
      a.call('udp', { host: at.aGateway, port: 9_001, timeoutMs: 30 }),
      a.call('udp', { host: at.aGateway, port: 9_001, local: '10.196.1.9', timeoutMs: 30 }),
      lan.call('connect', { host: at.service, port: 18_080, timeoutMs: 30 }),
      lan.call('connect', { host: at.aService, port: 9_000, timeoutMs: 30 }),
      lan.call('udp', { host: at.service, port: 9_001, local: at.b, timeoutMs: 30 }),
    ]);
    tries++;
  }
  return tries;
}

/** Does it under fire, and waits until it is repaired. */
async function sweep(command: string): Promise<void> {
  const rules = () => rig.in('box', "(iptables-save; iptables-legacy-save) 2>&1 | grep DBX | grep -v '^:' | sort");
  await arrivals();
  const [whole, before] = [rules(), await repairs()];
  let over = false;
  const trying = tryEverything(() => over);
  await sleep(100);
  const started = Date.now();
  rig.in('box', command);
  while ((await repairs()) === before && Date.now() - started < 2_000) await sleep(20);
  const ms = Date.now() - started;
  await sleep(200);
  over = true;
  expect(await trying).toBeGreaterThan(3);
  expect(await arrivals()).toEqual([]);
  expect(ms).toBeLessThan(2_000);
  expect(rules()).toBe(whole);
  await passes();
}

describe.each(['iptables', 'iptables-legacy'] as const)('%s swept away', (backend) => {
  beforeAll(() => build(backend), 60_000);
  afterAll(() => rig[Symbol.asyncDispose]());

  test.each([
    ['raw', 'iptables -t raw -F'],
    ['mangle', 'iptables -t mangle -F'],
    ['nat', 'iptables -t nat -F'],
    ['filter', 'iptables -t filter -F'],
    ['raw, chains and all', 'iptables -t raw -F; iptables -t raw -X'],
    ['filter, chains and all', 'iptables -t filter -F; iptables -t filter -X'],
    ['IPv6', 'ip6tables -t raw -F'],
    ['only our jump', 'iptables -D DOCKER-USER 1'],
    ['a rule in our midst', 'iptables -t raw -D DBX-ID 1'],
    ['a foreign rule before ours', 'iptables -I INPUT 1 -j ACCEPT'],
    ['Docker restarts', `iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X; ${dockerRules}`],
  ])('%s: nothing arrives, and it is back within 2 s', (_claim, command) =>
    sweep(command.replaceAll('tables ', `tables${backend.slice('iptables'.length)} `)),
  );

  describe('Docker’s jump taken out: ours leads there again at once', () => {
    const jump = `${backend} -C FORWARD -j DOCKER-USER 2>/dev/null && echo there`;
    const back = async () => {
      for (let look = 0; look < 100 && !rig.in('box', `${jump} || :`).includes('there'); look++) await sleep(20);
      expect(rig.in('box', `${jump} || :`)).toContain('there');
    };
    test('by Docker, which puts it back as well: nobody is told', async () => {
      const before = await repairs();
      rig.in('box', `${backend} -D FORWARD -j DOCKER-USER`);
      await back();
      rig.in('box', `${backend} -I FORWARD -j DOCKER-USER`);
      await sleep(6_000);
      expect(await repairs()).toBe(before);
      rig.in('box', `${backend} -D FORWARD -j DOCKER-USER`);
    });
    test('by somebody else: the owner is told', async () => {
      const before = await repairs();
      rig.in('box', `${backend} -D FORWARD -j DOCKER-USER`);
      await back();
      for (let look = 0; look < 80 && (await repairs()) === before; look++) await sleep(100);
      expect(await repairs()).toBe(before + 1);
      await passes();
    });
  });

  test('many sweeps while tables change: in the end all is there', async () => {
    for (let turn = 0; turn < 10; turn++) {
      rig.in('box', `${backend} -t mangle -F; ${backend} -t nat -F`);
      await box.call('apply', turn % 2 === 0 ? tablesWith('service') : everything);
    }
    await sleep(500);
    expect(await rig.agents.a.call('connect', { host: at.aService, port: 8080 })).toHaveProperty('id');
    expect(await rig.agents.a.call('connect', { host: at.aToB, port: 8080 })).toHaveProperty('id');
    expect((await box.call('health')).problems).toEqual([expect.stringContaining('they were put back')]);
  });
});

describe('the process', () => {
  beforeEach(() => build(), 60_000);
  afterEach(() => rig[Symbol.asyncDispose]());

  test('killed: an open flow lives, nothing new passes; started again: all as before', async () => {
    const { a } = rig.agents;
    const { id = 0 } = await a.call('connect', { host: at.aService, port: 8080 });
    await box.kill();
    const text = async () => (await a.call('states')).find((state) => state.id === id)?.text;
    await a.call('write', { id, text: 'still here' });
    await sleep(100);
    expect(await text()).toBe('still here');
    await arrivals();
    expect(await a.call('connect', { host: at.aService, port: 8080, timeoutMs: 300 })).not.toHaveProperty('id');
    let tries = 0;
    await tryEverything(() => tries++ > 10);
    expect(await arrivals()).toEqual([]);

    const again = rig.agent('box');
    await again.call('start', { ...options, wire: everything });
    await a.call('write', { id, text: ' and on' });
    await sleep(100);
    expect(await text()).toBe('still here and on');
    expect(await a.call('connect', { host: at.aService, port: 8080 })).toHaveProperty('id');
  });

  test('started again without a row: its flow is cut before the queue opens', async () => {
    const { a } = rig.agents;
    await a.call('connect', { host: at.aService, port: 8080 });
    await box.kill();
    await rig.agent('box').call('start', { ...options, wire: tablesWith('peer') });
    await sleep(500);
    expect((await a.call('states')).at(-1)).toMatchObject({ state: 'ECONNRESET' });
  });

  test('stopped (not ended), it holds packets back and passes none', async () => {
    box.signal('SIGSTOP');
    const target = { host: at.aService, port: 8080, timeoutMs: 400 };
    expect(await rig.agents.a.call('connect', target)).not.toHaveProperty('id');
    expect(await arrivals()).toEqual([]);
    box.signal('SIGCONT');
    await passes();
  });

  test('a thread that is terminated leaves the queue free and the process alive', async () => {
    const agent = rig.agent('box');
    for (let turn = 0; turn < 5; turn++) expect(await agent.call('thread')).toBe(1);
  });

  test('rules that could not be written are written by the same call again', async () => {
    const translated = () => rig.in('box', 'iptables-save -t nat').includes(`-d ${at.aService}/32`);
    expect(translated()).toBe(true);
    const path = await box.call('path', '/nowhere');
    await expect(box.call('apply', tablesWith('peer'))).rejects.toThrow();
    await box.call('path', path);
    await box.call('apply', tablesWith('peer'));
    expect(translated()).toBe(false);
    await sleep(300); // the watch has looked
    expect((await box.call('health')).repairs).toBe(0);
  });

  test('disposed of, it leaves no chain, rule, set or tracked connection', async () => {
    await rig.agents.a.call('connect', { host: at.aService, port: 8080 });
    await box.call('stop');
    expect(rig.in('box', 'iptables-save; ip6tables-save')).not.toMatch(/DBX|dbx-\+|databox/);
    expect(rig.in('box', 'cat /proc/net/netfilter/nfnetlink_queue')).toBe('');
    expect(rig.in('box', 'ipset list -n')).toBe('');
    expect(rig.in('box', 'conntrack -L -m 0x0db00000/0x0ff00000 2>/dev/null')).toBe('');
  });

  test('does not start without Docker’s chain, nor on a queue that is taken', async () => {
    const second = rig.agent('box');
    await expect(second.call('start', { ...options, wire: everything })).rejects.toThrow(
      'the packet queue is not free',
    );
    await box.call('stop');
    rig.in('box', 'iptables -D FORWARD -j DOCKER-USER');
    await expect(box.call('start', options)).rejects.toThrow('Docker’s firewall is not visible');
  });
});
