import fc from 'fast-check';
import { toNumber, within } from '../../../src/base/ipv4.ts';
import {
  alternatives,
  choosePool,
  containerOf,
  freeServiceAddress,
  freeSpoofedAddress,
  freeSubnet,
  gatewayOf,
  type Held,
} from '../../../src/network/pool.ts';

const failure = (code: string) => expect.objectContaining({ code }) as Error;

describe('pool', () => {
  for (const [claim, o, chosen] of [
    ['a free house gets the default', { taken: [] }, '10.196.0.0/16'],
    ['an overlap takes the next', { taken: [{ cidr: '10.0.0.0/8', by: 'route via wg0' }] }, '172.27.0.0/16'],
    [
      'one address inside is an overlap',
      { taken: [{ cidr: '10.196.7.9/32', by: 'address of eth0' }] },
      '172.27.0.0/16',
    ],
    ['the pool used last time is kept', { previous: '192.168.192.0/18', taken: [] }, '192.168.192.0/18'],
    [
      'unless someone took it',
      { previous: '172.27.0.0/16', taken: [{ cidr: '172.16.0.0/12', by: 'x' }] },
      '10.196.0.0/16',
    ],
    ['the configured pool wins', { configured: '10.50.0.9/16', previous: '10.196.0.0/16', taken: [] }, '10.50.0.0/16'],
  ] as const) {
    test(claim, () => expect(choosePool(o)).toBe(chosen));
  }
  test('no free pool: the failure names each overlap', () => {
    const taken = [
      { cidr: '0.0.0.0/2', by: 'route via tun0' },
      { cidr: '128.0.0.0/1', by: 'route via tun1' },
      { cidr: '100.64.0.0/10', by: 'tailscale0' },
    ];
    expect(() => choosePool({ taken })).toThrow(/10\.196\.0\.0\/16 overlaps 0\.0\.0\.0\/2 \(route via tun0\).*100\.96/);
    expect(() => choosePool({ taken })).toThrow(failure('network.overlap'));
  });
  test('a configured pool that overlaps is not replaced behind the owner’s back', () =>
    expect(() => choosePool({ configured: '10.5.0.0/16', taken: [{ cidr: '10.0.0.0/8', by: 'eth0' }] })).toThrow(
      failure('network.overlap'),
    ));
  test('a pool without room is refused', () =>
    expect(() => choosePool({ configured: '10.5.0.0/24', taken: [] })).toThrow(failure('config.invalid')));
});

test('forty networks of a pool do not overlap; a full pool says so', () => {
  const used: string[] = [];
  for (let i = 0; i < 64; i++) used.push(freeSubnet('192.168.192.0/18', used));
  expect([new Set(used).size, used[0], used[63]]).toEqual([64, '192.168.192.0/24', '192.168.255.0/24']);
  expect(() => freeSubnet('192.168.192.0/18', used)).toThrow(failure('network.exhausted'));
  expect(freeSubnet('192.168.192.0/18', used.toSpliced(7, 1))).toBe(used[7]);
});

test('a full system network says so', () => {
  const used: string[] = [];
  for (let i = 0; i < 253; i++) used.push(freeServiceAddress('10.196.0.0/24', used));
  expect([used[0], used[252], new Set(used).size]).toEqual(['10.196.0.2', '10.196.0.254', 253]);
  expect(() => freeServiceAddress('10.196.0.0/24', used)).toThrow(failure('network.exhausted'));
});

test('spoofed addresses go from .254 down to .3 and meet neither gateway nor container', () => {
  const subnet = '10.196.4.0/24';
  const held: Held[] = [];
  for (let i = 0; i < 252; i++)
    held.push({ ...freeSpoofedAddress(subnet, held), peer: `p${i}`, since: i, agreed: true });
  expect([held[0]?.address, held[251]?.address]).toEqual(['10.196.4.254', '10.196.4.3']);
  expect(held.map(({ address }) => address)).not.toContain(gatewayOf(subnet));
  expect(held.map(({ address }) => address)).not.toContain(containerOf(subnet));
  expect(() => freeSpoofedAddress(subnet, held)).toThrow(failure('network.exhausted'));
});

test('an address is reused only when every other was, and then the oldest of those given up', () => {
  const subnet = '10.196.4.0/24';
  const full = Array.from({ length: 252 }, (_, i): Held => ({
    address: `10.196.4.${254 - i}`,
    peer: `p${i}`,
    since: i,
    agreed: ![7, 9].includes(i),
  }));
  expect(freeSpoofedAddress(subnet, full.slice(0, 250)).address).toBe('10.196.4.4');
  expect(freeSpoofedAddress(subnet, full)).toEqual({ address: '10.196.4.247', instead: 'p7' });
});

test('whatever came and went, no two peers of a subnet share an address', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 400 }), (steps) => {
      let held: Held[] = [];
      for (const [since, [id, agreed]] of steps.entries()) {
        const peer = `p${id}`;
        if (!held.some((one) => one.peer === peer)) {
          const { address, instead } = freeSpoofedAddress('10.196.4.0/24', held);
          held = [...held.filter((one) => one.peer !== instead), { peer, address, since, agreed }];
        }
        held = held.map((one) => (one.peer === peer ? { ...one, agreed } : one));
      }
      expect(new Set(held.map(({ address }) => toNumber(address))).size).toBe(held.length);
      expect(held.every(({ address }) => within(address, '10.196.4.0/24'))).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('the alternatives are private blocks that do not overlap each other', () => {
  for (const cidr of alternatives)
    expect(
      choosePool({
        taken: alternatives.filter((other) => other !== cidr).map((other) => ({ cidr: other, by: 'test' })),
      }),
    ).toBe(cidr);
});
