import { bridgeOf, createArgs } from '../../../src/network/docker.ts';
import { addressChanges } from '../../../src/network/links.ts';

test('a bridge’s name fits an interface, and is the network’s own', () => {
  const longest = `${'x'.repeat(52)}-network`;
  expect(bridgeOf(longest)).toMatch(/^dbx-[0-9a-f]{8}$/);
  expect(bridgeOf(longest)).not.toBe(bridgeOf('app-network'));
});

test('a component network has no way out, our addresses, and is ours by label', () => {
  const network = { component: 'app', bridge: 'dbx-1', subnet: '10.196.1.0/24', gateway: '10.196.1.1' };
  expect(createArgs({ name: 'app-network', ...network }).join(' ')).toBe(
    'network create --driver bridge --internal --subnet 10.196.1.0/24 --gateway 10.196.1.1' +
      ' --opt com.docker.network.bridge.name=dbx-1 --opt com.docker.network.bridge.enable_icc=false' +
      ' --label databox.type=network --label databox.component=app app-network',
  );
});

const held = new Map([
  [
    'dbx-1',
    [
      { ip: '10.196.1.1', prefix: 24 },
      { ip: '10.196.1.254', prefix: 32 },
      { ip: '10.196.1.9', prefix: 32 },
    ],
  ],
  ['eth0', [{ ip: '192.168.1.2', prefix: 32 }]],
]);

test.each([
  [
    'what is missing is added, what is spare goes, the gateway stays',
    { 'dbx-1': ['10.196.1.254', '10.196.1.253'] },
    ['address replace 10.196.1.253/32 dev dbx-1', 'address delete 10.196.1.9/32 dev dbx-1'],
  ],
  ['a bridge that is not there is left alone', { 'dbx-2': ['10.196.2.254'] }, []],
  ['so are links of others', {}, []],
  ['equal sets need nothing', { 'dbx-1': ['10.196.1.9', '10.196.1.254'] }, []],
] as [string, Record<string, string[]>, string[]][])('%s', (_claim, wanted, lines) =>
  expect(addressChanges(held, new Map(Object.entries(wanted).map(([dev, list]) => [dev, new Set(list)])))).toEqual(
    lines,
  ),
);
