/**
 * rules — tables as iptables rules. Pure. `DBX…` chains hold all of ours; one jump per hook leads there. The comments
 * name the failure or leak that each group closes; F1 to F7 are the groups of the design.
 *
 * Only the first packet of a flow meets the queue. The verdict marks it, the filter chains save the mark on the tracked
 * connection once our own translation has rewritten it, and later packets get the mark back before any decision.
 */
import type { Cidr, Ip } from '../base/ipv4.ts';
import { masquerade, type Row, type Tables } from './tables.ts';

/** One table of one family: the rules of our chains, and the jump that leads to each of them. */
export type TableRules = {
  family: 4 | 6;
  table: 'raw' | 'mangle' | 'nat' | 'filter';
  /** By chain; each rule without `-A chain`. */
  chains: Readonly<Record<string, readonly string[]>>;
  /** Must be the first rule of its chain. */
  jumps: readonly { from: string; rule: string }[];
};

export type Gate = {
  queue: number;
  mark: { value: number; mask: number };
  pool: Cidr;
  flowsPerSecond: number;
};

/** Gateways whose resolver answers now; entries end by themselves. */
export const aliveSet = 'dbx-alive';
/** Every component bridge; `dbx0`, where the services are, is not one of them. */
const bridges = 'dbx-+';
const comment = '-m comment --comment databox';
/** A and AAAA of 500 names a second; a flood costs the resolver no more. */
const dns = { perSecond: 1_000, burst: 4_000 };
const hashlimitBurstLimit = 10_000;

type Place = { ip: Ip; name: string; bridge: string; gateway: Ip; managerAddress: Ip };
type Words = ReturnType<typeof wordsOf>;

/** As the setting spells it, `0x0db00000/0x0ff00000`. */
export function markOf(text: string): Gate['mark'] {
  const [value = 0, mask = 0] = text.split('/').map(Number);
  return { value, mask };
}

/** The mark of resets that we send ourselves: another value of the same bits. */
export function resetMark({ value, mask }: Gate['mark']): number {
  const lowest = (mask & -mask) >>> 0;
  return (value ^ lowest) >>> 0;
}

/** Every rule that these tables need, gate included: with the tables of nothing, only the gate. */
export function rulesOf(tables: Tables, gate: Gate): TableRules[] {
  const places = [...tables.components].map(([ip, place]) => ({ ip, ...place }));
  const rows = [...tables.transport.values()];
  const words = wordsOf(gate);
  return [
    rawRules(places, gate, words),
    mangleRules(places, gate, words),
    natRules(rows),
    filterRules(places, words),
    sixRules,
  ];
}

function wordsOf({ mark }: Gate) {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const [value, mask] = [hex(mark.value), hex(mark.mask)];
  return {
    marked: `-m mark --mark ${value}/${mask}`,
    connectionMarked: `-m connmark --mark ${value}/${mask}`,
    setConnectionMark: `-j CONNMARK --set-xmark ${value}/${mask}`,
    restore: `-j CONNMARK --restore-mark --nfmask ${mask} --ctmask ${mask}`,
    save: `-j CONNMARK --save-mark --nfmask ${mask} --ctmask ${mask}`,
    reset: `-p tcp -m mark --mark ${hex(resetMark({ value: mark.value, mask: mark.mask }))}/${mask}`,
  };
}

/**
 * F1 and F2: who a packet can be from. Tracking ignores interfaces: a neighbour or a machine in the house could speak
 * into an accepted flow unless bridge and source agree for every packet. And Linux answers on any of its addresses
 * whatever the interface: without the second chain, the pool is open to the house. Both stand in raw, where a packet
 * costs nothing yet, and again in mangle, so that a flush of raw lets nothing through.
 */
const identity = (places: readonly Place[]) => ({
  'DBX-ID': [...places.map(({ bridge, ip }) => `-s ${ip}/32 -i ${bridge} ${comment} -j RETURN`), '-j DROP'],
  'DBX-POOL': ['-i lo -j RETURN', '-j DROP'],
});
/** `-g`: what a component sends never comes back to the rules of the pool, which it may speak from and to. */
const entrance = (pool: Cidr, components: string): string[] => [
  `-i ${bridges} -g ${components}`,
  `-d ${pool} -j DBX-POOL`,
  `-s ${pool} -j DBX-POOL`,
];

/**
 * DNS to the own gateway is neither queued nor tracked: ten thousand queries a second would fill the table, and the
 * twin queries for A and AAAA clash in it on kernels before 5.7. Nor are our own resets: they have no connection left.
 */
function rawRules(places: readonly Place[], { pool }: Gate, { reset }: Words): TableRules {
  const { perSecond, burst } = dns;
  const limit = `-m hashlimit --hashlimit-above ${perSecond}/sec --hashlimit-burst ${burst} --hashlimit-mode srcip --hashlimit-name dbx-dns`;
  const queries = places.map(
    ({ bridge, gateway }) => `-i ${bridge} -d ${gateway}/32 -p udp -m udp --dport 53 -j DBX-DNS`,
  );
  const answers = places.map(
    ({ bridge, gateway }) => `-o ${bridge} -s ${gateway}/32 -p udp -m udp --sport 53 -j CT --notrack`,
  );
  return {
    family: 4,
    table: 'raw',
    chains: {
      ...identity(places),
      'DBX-DNS': [`${limit} -j DROP`, '-j CT --notrack'],
      'DBX-QUERY': ['-j DBX-ID', ...queries],
      'DBX-RAW': entrance(pool, 'DBX-QUERY'),
      'DBX-RAW-OUT': [`${reset} -j CT --notrack`, ...answers],
    },
    jumps: [
      { from: 'PREROUTING', rule: `${comment} -j DBX-RAW` },
      { from: 'OUTPUT', rule: `${comment} -j DBX-RAW-OUT` },
    ],
  };
}

/**
 * F3: the decision. RELATED passes only as an ICMP error: a helper's expectation would open a port nobody agreed to.
 * The mark is restored in *every* state, or a UDP flow without answers is queued packet by packet. Without a verdict
 * process nothing new passes: the queue has no bypass. DNS passes only while the resolver renews its set entry. The
 * rate is part of the limit's name: the kernel keeps a limit of the same name as it was.
 */
function mangleRules(places: readonly Place[], { queue, pool, flowsPerSecond }: Gate, words: Words): TableRules {
  const burst = Math.min(flowsPerSecond * 2, hashlimitBurstLimit);
  const limit = `-m hashlimit --hashlimit-above ${flowsPerSecond}/sec --hashlimit-burst ${burst} --hashlimit-mode srcip --hashlimit-name dbx-new-${flowsPerSecond}`;
  return {
    family: 4,
    table: 'mangle',
    chains: {
      ...identity(places),
      'DBX-PRE': entrance(pool, 'DBX'),
      DBX: [
        '-j DBX-ID',
        '! -p icmp -m conntrack --ctstate RELATED -j DROP',
        words.restore,
        `${words.marked} -j RETURN`,
        `-m conntrack --ctstate NEW ${limit} -j DROP`,
        ...places.flatMap((place) => query(place, 'RETURN')),
        `-m conntrack --ctstate NEW -j NFQUEUE --queue-num ${queue}`,
        '-j DROP',
      ],
      // F7: the manager opens component pages from its spoofed address in their subnet; its flows are marked here.
      'DBX-MANAGER': places.map(
        ({ bridge, ip, managerAddress }) =>
          `-s ${managerAddress}/32 -d ${ip}/32 -o ${bridge} -p tcp -m tcp --dport 8080 -m conntrack --ctstate NEW ${words.setConnectionMark}`,
      ),
    },
    jumps: [
      { from: 'PREROUTING', rule: `${comment} -j DBX-PRE` },
      { from: 'OUTPUT', rule: `-o ${bridges} ${comment} -j DBX-MANAGER` },
    ],
  };
}

/** DNS of a component to its own gateway, while the resolver answers. */
const query = ({ bridge, gateway }: Place, target: 'RETURN' | 'ACCEPT'): string[] =>
  ['udp', 'tcp'].map(
    (protocol) =>
      `-d ${gateway}/32 -i ${bridge} -p ${protocol} -m ${protocol} --dport 53 -m set --match-set ${aliveSet} dst -j ${target}`,
  );

/**
 * F4: where a spoofed address really leads. Ours comes before Docker's, and ends with ACCEPT: a published port of some
 * container must not catch what a component sends. What no row rewrites stays untranslated, and is dropped in filter.
 */
function natRules(rows: readonly Row[]): TableRules {
  const leading = rows.flatMap((row) => (row.to ? [{ ...row, to: row.to }] : []));
  return {
    family: 4,
    table: 'nat',
    chains: {
      'DBX-NAT': [
        ...leading.map(
          ({ bridge, src, dst, protocol, port, to }) =>
            `-s ${src}/32 -d ${dst}/32 -i ${bridge} -p ${protocol} -m ${protocol} --dport ${port} -j DNAT --to-destination ${to.ip}:${to.port}`,
        ),
        '-j ACCEPT',
      ],
      'DBX-POST': leading.flatMap(({ src, dst, protocol, to, snat }) => {
        if (snat === null) return [];
        const target = snat === masquerade ? 'MASQUERADE' : `SNAT --to-source ${snat}`;
        const flow = `-s ${src}/32 -d ${to.ip}/32 -p ${protocol} -m ${protocol} --dport ${to.port}`;
        return [`${flow} -m conntrack --ctorigdst ${dst} -j ${target}`];
      }),
    },
    jumps: [
      { from: 'PREROUTING', rule: `-i ${bridges} ${comment} -j DBX-NAT` },
      { from: 'POSTROUTING', rule: `${comment} -j DBX-POST` },
    ],
  };
}

/**
 * F5 to F7: what arrives. Spoofed addresses are local to the host: an agreed pair on another port would reach any
 * service on 0.0.0.0, so only what *our* translation rewrote is accepted. F5 also lets the answers of external flows in,
 * which come back without mark and translation and which Docker's rules for internal networks would drop. F7: no host
 * process but the manager speaks to a component first.
 */
function filterRules(places: readonly Place[], { marked, connectionMarked, save, reset }: Words): TableRules {
  const answers = places.flatMap(({ ip, bridge, gateway }) => [
    `-s ${gateway}/32 -d ${ip}/32 -o ${bridge} -p udp -m udp --sport 53 -j ACCEPT`,
    `-s ${gateway}/32 -d ${ip}/32 -o ${bridge} -p tcp -m tcp --sport 53 -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
  ]);
  const translated = `${marked} -m conntrack --ctstate DNAT -j DBX-PASS`;
  return {
    family: 4,
    table: 'filter',
    chains: {
      'DBX-PASS': [save, '-j ACCEPT'],
      'DBX-FWD': [
        `-i ${bridges} ${translated}`,
        `-i ${bridges} -j DROP`,
        `-o ${bridges} -m conntrack --ctstate RELATED,ESTABLISHED ${connectionMarked} -j ACCEPT`,
        `-o ${bridges} -j DROP`,
      ],
      'DBX-IN': [
        translated,
        `${marked} -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT`,
        `-p icmp ${marked} -m conntrack --ctstate RELATED -j ACCEPT`,
        ...places.flatMap((place) => query(place, 'ACCEPT')),
        '-j DROP',
      ],
      'DBX-OUT': [`${connectionMarked} -j ACCEPT`, `${reset} -j ACCEPT`, ...answers, '-j DROP'],
    },
    jumps: [
      { from: 'DOCKER-USER', rule: `${comment} -j DBX-FWD` },
      { from: 'INPUT', rule: `-i ${bridges} ${comment} -j DBX-IN` },
      { from: 'OUTPUT', rule: `-o ${bridges} ${comment} -j DBX-OUT` },
    ],
  };
}

/** Components have no version six at all: no address, no neighbour discovery, nothing to police twice. */
const sixRules: TableRules = {
  family: 6,
  table: 'raw',
  chains: { 'DBX-SIX': ['-j DROP'] },
  jumps: [
    { from: 'PREROUTING', rule: `-i ${bridges} ${comment} -j DBX-SIX` },
    { from: 'OUTPUT', rule: `-o ${bridges} ${comment} -j DBX-SIX` },
  ],
};
