import { dockerJumps, footprint, hasDocker, parseSave, removeText, restoreText } from '../../../src/network/restore.ts';
import { resetMark, rulesOf, type TableRules } from '../../../src/network/rules.ts';
import { flowKey, nothing, type Row, type Tables } from '../../../src/network/tables.ts';

const gate = { queue: 7, mark: { value: 0x0db00000, mask: 0x0ff00000 }, pool: '10.196.0.0/16', flowsPerSecond: 200 };
const row: Row = {
  ...{ component: 'app', peer: 'store', bridge: 'dbx-0000000a', src: '10.196.1.2', dst: '10.196.1.254' },
  ...{ protocol: 'tcp', port: 8080, to: { ip: '10.196.0.2', port: 40_000 }, snat: null },
};
const place = { name: 'app', bridge: 'dbx-0000000a', gateway: '10.196.1.1', managerAddress: '10.196.1.253' };
const tablesOf = (...rows: Row[]): Tables => ({
  ...nothing,
  transport: new Map(rows.map((one) => [flowKey(one), one])),
  components: new Map([['10.196.1.2', place]]),
});
const chain = (rules: TableRules[], table: string, name: string) =>
  rules.find((one) => one.table === table && one.family === 4)?.chains[name] ?? [];

describe('rules', () => {
  const rules = rulesOf(tablesOf(row), gate);

  test('the tables of nothing are a shut gate', () => {
    const shut = rulesOf(nothing, gate);
    expect(chain(shut, 'raw', 'DBX-ID')).toEqual(['-j DROP']);
    expect(chain(shut, 'nat', 'DBX-NAT')).toEqual(['-j ACCEPT']);
    expect(chain(shut, 'filter', 'DBX-FWD').at(-1)).toBe('-o dbx-+ -j DROP');
    expect(chain(shut, 'filter', 'DBX-OUT').at(-1)).toBe('-j DROP');
  });

  test('every deciding chain ends in a drop', () => {
    for (const [table, name] of [
      ['raw', 'DBX-ID'],
      ['raw', 'DBX-POOL'],
      ['mangle', 'DBX-ID'],
      ['mangle', 'DBX-POOL'],
      ['mangle', 'DBX'],
      ['filter', 'DBX-FWD'],
      ['filter', 'DBX-IN'],
      ['filter', 'DBX-OUT'],
    ] as const) {
      expect([name, chain(rules, table, name).at(-1)]).toEqual([name, expect.stringMatching(/-j DROP$/)]);
    }
  });

  test('the queue has no bypass, and comes after the fast path and the rate', () => {
    const decision = chain(rules, 'mangle', 'DBX');
    const place = (part: string) => decision.findIndex((rule) => rule.includes(part));
    expect(decision.join()).not.toContain('bypass');
    expect(decision[place('NFQUEUE')]).toBe('-m conntrack --ctstate NEW -j NFQUEUE --queue-num 7');
    expect(place('--restore-mark')).toBeLessThan(place('-j RETURN'));
    expect(place('-j RETURN')).toBeLessThan(place('hashlimit'));
    expect(place('hashlimit')).toBeLessThan(place('NFQUEUE'));
  });

  test('a service is translated, its client is not', () => {
    expect(chain(rules, 'nat', 'DBX-NAT')).toEqual([
      '-s 10.196.1.2/32 -d 10.196.1.254/32 -i dbx-0000000a -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.196.0.2:40000',
      '-j ACCEPT',
    ]);
    expect(chain(rules, 'nat', 'DBX-POST')).toEqual([]);
  });

  test('a component sees a spoofed client, the outside sees the box', () => {
    const peer = { ...row, to: { ip: '10.196.2.2', port: 8080 }, snat: '10.196.2.254' };
    const outside = { ...row, dst: '10.196.1.252', to: { ip: '203.0.113.9', port: 443 }, snat: 'masquerade' };
    const [first, second] = chain(rulesOf(tablesOf(peer, outside), gate), 'nat', 'DBX-POST');
    expect(first).toMatch(/--ctorigdst 10\.196\.1\.254 -j SNAT --to-source 10\.196\.2\.254$/);
    expect(second).toMatch(/-d 203\.0\.113\.9\/32 .* --ctorigdst 10\.196\.1\.252 -j MASQUERADE$/);
  });

  test('a name without address leads nowhere', () =>
    expect(chain(rulesOf(tablesOf({ ...row, to: null }), gate), 'nat', 'DBX-NAT')).toEqual(['-j ACCEPT']));

  test('the mark of resets is inside the mask, and another', () => {
    expect(resetMark(gate.mark)).toBe(0x0da00000);
    expect(resetMark({ value: 0x80000000, mask: 0xc0000000 })).toBe(0xc0000000);
  });
});

const docker = [':FORWARD DROP [0:0]', ':DOCKER-USER - [0:0]', '-A FORWARD -j DOCKER-USER', '-A DOCKER-USER -j RETURN'];
const saved = (...lines: string[]) => parseSave(['*filter', ...docker, ...lines, 'COMMIT'].join('\n'));
const jump = '-m comment --comment databox -j DBX-FWD';
const filter: TableRules = {
  family: 4,
  table: 'filter',
  chains: { 'DBX-FWD': ['-j DROP'] },
  jumps: [{ from: 'DOCKER-USER', rule: jump }],
};
const whole = parseSave(
  [
    '*filter',
    ...docker.slice(0, 3),
    ':DBX-FWD - [0:0]',
    `-A DOCKER-USER ${jump}`,
    docker[3],
    '-A DBX-FWD -j DROP',
  ].join('\n'),
);

describe('restore', () => {
  test('fills the chain and puts the jump first', () =>
    expect(restoreText([filter], saved()).trim().split('\n')).toEqual([
      '*filter',
      ':DBX-FWD - [0:0]',
      '-A DBX-FWD -j DROP',
      `-I DOCKER-USER 1 ${jump}`,
      'COMMIT',
    ]));
  test('leaves a jump that is first', () => expect(restoreText([filter], whole)).not.toContain('-I'));
  test('moves a jump that is not, and leaves no second', () => {
    const text = restoreText([filter], saved(':DBX-FWD - [0:0]', `-A DOCKER-USER ${jump}`, `-A DOCKER-USER ${jump}`));
    expect(text.match(/^-D DOCKER-USER /gm)).toHaveLength(2);
    expect(text).toContain(`-I DOCKER-USER 1 ${jump}`);
  });
  test('drops chains that an older version had', () =>
    expect(restoreText([filter], saved(':DBX-OLD - [0:0]', '-A DBX-OLD -j DROP'))).toMatch(
      /^:DBX-OLD[^]*-X DBX-OLD$/m,
    ));
  test('never declares Docker’s chain while it is there: that would empty it', () =>
    expect(restoreText([filter], saved())).not.toContain(':DOCKER-USER'));
  test('gives Docker’s chain back after a flush', () => {
    const text = restoreText([filter], parseSave('*filter\n:FORWARD DROP [0:0]\nCOMMIT'));
    expect(text).toContain(':DOCKER-USER - [0:0]');
    expect(text).toContain('-I FORWARD 1 -j DOCKER-USER');
  });
  test('removes the second of Docker’s jumps, which a repair at the same moment may have made', () => {
    const text = removeText(saved('-A FORWARD -j DOCKER-USER', ':DBX-FWD - [0:0]', `-A DOCKER-USER ${jump}`));
    expect(text.match(/^-D FORWARD -j DOCKER-USER$/gm)).toHaveLength(1);
  });
  test('removes ours and nothing else', () => {
    expect(removeText(saved())).toBe('');
    expect(removeText(whole).trim().split('\n')).toEqual([
      '*filter',
      ':DBX-FWD - [0:0]',
      `-D DOCKER-USER ${jump}`,
      '-X DBX-FWD',
      'COMMIT',
    ]);
  });
});

describe('footprint', () => {
  test('is there when all is in place', () =>
    expect(footprint([filter], whole)).toBe(`filter DBX-FWD -j DROP\nfilter DOCKER-USER ${jump}`));
  test.each([
    ['an empty chain', saved(':DBX-FWD - [0:0]', `-A DOCKER-USER ${jump}`)],
    ['a jump that is not first', saved(':DBX-FWD - [0:0]', '-A DBX-FWD -j DROP', `-A DOCKER-USER ${jump}`)],
    ['nothing', saved()],
  ])('is missing with %s', (_claim, found) => expect(footprint([filter], found)).toBeNull());
});

test('Docker is seen by its chain and the jump to it, however often that is there', () => {
  expect(hasDocker(saved())).toBe(true);
  expect(dockerJumps(saved())).toBe(1);
  expect(dockerJumps(saved('-A FORWARD -j DOCKER-USER'))).toBe(2);
  expect(dockerJumps(parseSave(''))).toBe(0);
  expect(hasDocker(parseSave('*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER-USER - [0:0]'))).toBe(false);
  expect(hasDocker(parseSave(''))).toBe(false);
});
