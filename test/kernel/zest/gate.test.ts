/** A Zest gate in the box, with real packets: who is who comes from the kernel, and whoever forges a source gets nowhere. */
import { setTimeout as sleep } from 'node:timers/promises';
import { at, bridges, createRig, options, tablesWith, type Rig } from '../network/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = createRig();
  const { box } = rig.agents;
  const names: [string, string][] = [
    [at.a, 'app-a'],
    [at.b, 'app-b'],
  ];
  const { port, pushPort } = await box.call('openGate', { address: at.service, names });
  const { components } = tablesWith();
  const row = (side: 'a' | 'b', seen: number, listening: number) => ({
    ...{ component: side, peer: 'store', bridge: bridges[side], src: at[side], protocol: 'tcp' as const, port: seen },
    ...{ dst: side === 'a' ? at.aService : at.bOutside, to: { ip: at.service, port: listening }, snat: null },
  });
  const rows = (['a', 'b'] as const).flatMap((side) => [row(side, 5555, port), row(side, 5556, pushPort)]);
  await box.call('start', { ...options, wire: { rows, components } });
}, 60_000);
afterAll(() => rig[Symbol.asyncDispose]());

const place = { port: 5555, pushPort: 5556 };
const seenBy = { a: { ...place, host: at.aService }, b: { ...place, host: at.bOutside } };
const who = (side: 'a' | 'b') => rig.agents[side].call('ask', { place: seenBy[side], request: 'GET /who' });
const forging = { request: 'GET /who', timeoutMs: 1_000 };

test('two callers at two addresses, each known by its own, whatever it calls itself', async () => {
  expect([(await who('a'))?.payload, (await who('b'))?.payload]).toEqual([at.a, at.b]);
  const asked = { place: seenBy.a, request: 'GET /who', call: { host: 'app-b' } };
  expect((await rig.agents.a.call('ask', asked))?.payload).toBe(at.a);
});

test('a caller with another’s address gets no connection: on its own bridge, at the real address, and from the house', async () => {
  await rig.agents.box.call('callers');
  for (const local of [at.b, at.lan, '10.196.1.7']) {
    rig.in('a', `ip addr add ${local}/32 dev eth0`);
    for (const host of [at.aService, at.service, at.bOutside]) {
      const answer = await rig.agents.a.call('ask', { place: { ...place, host, from: local }, ...forging });
      expect({ local, host, answer }).toEqual({ local, host, answer: null });
    }
    rig.in('a', `ip addr del ${local}/32 dev eth0`);
  }
  rig.in('lan', `ip addr add ${at.a}/32 dev eth0; ip route add 10.196.0.0/16 via ${at.house}`);
  for (const from of [at.a, at.lan]) {
    const asked = { place: { ...place, host: at.service, from }, ...forging };
    expect(await rig.agents.lan.call('ask', asked)).toBeNull();
  }
  rig.in('lan', `ip addr del ${at.a}/32 dev eth0; ip route del 10.196.0.0/16`);
  expect(await rig.agents.box.call('callers')).toEqual([]);
  expect((await who('b'))?.payload).toBe(at.b);
});

test('what one caller observes the other cannot hear, though it knows identity and key', async () => {
  const told = await rig.agents.a.call('observe', { place: seenBy.a, path: '/kv/a' });
  await rig.agents.b.call('hear', { place: seenBy.b, told });
  await rig.agents.a.call('hear', { place: seenBy.a, told });
  const post = (text: string) =>
    rig.agents.b.call('ask', { place: seenBy.b, request: 'POST /kv/a', call: { body: text } });
  const heard = (side: 'a' | 'b') => rig.agents[side].call('heard', told.identity);
  expect((await post('1'))?.code).toBe(65);
  while ((await heard('a')).length < 1) await sleep(20);
  expect([await heard('a'), await heard('b')]).toEqual([['1 /kv/a json 1'], []]);
});

test('a process of the box is nobody', async () => {
  await rig.agents.box.call('callers');
  const { port, pushPort } = await rig.agents.box.call('openGate', { address: at.service, names: [] });
  const asked = { place: { host: at.service, port, pushPort }, ...forging };
  expect(await rig.agents.box.call('ask', asked)).toBeNull();
  expect(new Set(await rig.agents.box.call('callers'))).toEqual(new Set([at.service]));
});
