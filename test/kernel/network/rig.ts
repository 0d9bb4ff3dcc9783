/**
 * rig — a box with two component bridges, a machine in the house and one outside, each in a network namespace of its
 * own, with real links between them; no Docker: what Docker would put into the firewall is put there by hand.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buildNative } from '../../../build/native.ts';
import type { Methods, WireTables } from './agent.ts';

const agentFile = fileURLToPath(new URL('agent.ts', import.meta.url));
const node = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));

export const bridges = { a: 'dbx-aaaaaaaa', b: 'dbx-bbbbbbbb' } as const;
/** Who is where; spoofed addresses of `a` and `b` are on their bridges. */
export const at = {
  pool: '10.196.0.0/16',
  service: '10.196.0.2',
  a: '10.196.1.2',
  aGateway: '10.196.1.1',
  aService: '10.196.1.254',
  aToB: '10.196.1.253',
  aManager: '10.196.1.252',
  aOutside: '10.196.1.251',
  b: '10.196.2.2',
  bGateway: '10.196.2.1',
  bFromA: '10.196.2.254',
  bOutside: '10.196.2.253',
  bManager: '10.196.2.252',
  house: '192.168.77.1',
  lan: '192.168.77.2',
  outsideBox: '198.51.100.1',
  outside: '198.51.100.2',
} as const;

const row = { component: 'a', bridge: bridges.a, src: at.a, protocol: 'tcp' as const, port: 8080 };
export const rows = {
  service: { ...row, peer: 'store', dst: at.aService, to: { ip: at.service, port: 18_080 }, snat: null },
  peer: { ...row, peer: 'b', dst: at.aToB, to: { ip: at.b, port: 8080 }, snat: at.bFromA },
  outside: {
    ...row,
    ...{ component: 'b', bridge: bridges.b, src: at.b, port: 443 },
    ...{ peer: 'api.example', dst: at.bOutside, to: { ip: at.outside, port: 443 }, snat: 'masquerade' },
  },
  outsideUdp: {
    ...row,
    ...{ component: 'b', bridge: bridges.b, src: at.b, protocol: 'udp' as const, port: 5_000 },
    ...{ peer: 'api.example', dst: at.bOutside, to: { ip: at.outside, port: 5_000 }, snat: 'masquerade' },
  },
  /** Nobody listens there. */
  silentUdp: {
    ...row,
    ...{ component: 'b', bridge: bridges.b, src: at.b, protocol: 'udp' as const, port: 5_001 },
    ...{ peer: 'api.example', dst: at.bOutside, to: { ip: at.outside, port: 5_001 }, snat: 'masquerade' },
  },
};
const components: WireTables['components'] = [
  [at.a, { name: 'a', bridge: bridges.a, gateway: at.aGateway, managerAddress: at.aManager }],
  [at.b, { name: 'b', bridge: bridges.b, gateway: at.bGateway, managerAddress: at.bManager }],
];
export const tablesWith = (...kept: (keyof typeof rows)[]): WireTables => ({
  rows: kept.map((name) => rows[name]),
  components,
});
export const everything = tablesWith('service', 'peer', 'outside', 'outsideUdp', 'silentUdp');
export const options = {
  queue: 7,
  mark: { value: 0x0db00000, mask: 0x0ff00000 },
  pool: at.pool,
  flowsPerSecond: 200,
};

export type Agent = AsyncDisposable & {
  call<M extends keyof Methods>(
    method: M,
    ...argument: Parameters<Methods[M]>
  ): Promise<Awaited<ReturnType<Methods[M]>>>;
  /** As `kill -STOP` and the like. */
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
};
type Place = 'box' | 'a' | 'b' | 'lan' | 'net';
export type Rig = AsyncDisposable & {
  readonly agents: Record<Place, Agent>;
  /** Runs a command in a place and returns its output. */
  in(place: Place, command: string): string;
  /** A further agent in a place, as after a restart. */
  agent(place: Place): Agent;
};

export type RigOptions = {
  /** The iptables that this box's Docker uses. */
  backend?: 'iptables' | 'iptables-legacy';
  /** Whether bridges hand their packets to iptables before routing does (br_netfilter, as Docker sets it). */
  bridgeCalls?: boolean;
};
export function createRig({ backend = 'iptables', bridgeCalls = true }: RigOptions = {}): Rig {
  buildNative('nfqueue');
  const id = `dbxk${process.pid.toString(36)}`;
  const name = (place: Place): string => `${id}-${place}`;
  const places: Place[] = ['box', 'a', 'b', 'lan', 'net'];
  const sh = (file: string, ...argv: string[]): string => execFileSync(file, argv, { encoding: 'utf8', stdio: 'pipe' });
  const inside = (place: Place, command: string): string =>
    sh('ip', 'netns', 'exec', name(place), 'sh', '-ec', command);
  for (const place of places) sh('ip', 'netns', 'add', name(place));
  for (const place of places) inside(place, 'ip link set lo up; sysctl -qw net.ipv6.conf.all.disable_ipv6=0');
  const link = (place: Place, boxEnd: string, addresses: string): void => {
    sh('ip', 'link', 'add', boxEnd, 'netns', name('box'), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name(place));
    inside(place, `ip link set eth0 up; ${addresses}`);
    inside('box', `ip link set ${boxEnd} up`);
  };
  inside('box', `sysctl -qw net.bridge.bridge-nf-call-iptables=${bridgeCalls ? 1 : 0} || ${!bridgeCalls}`);
  inside('box', boxLinks);
  link(
    'a',
    'va',
    `ip addr add ${at.a}/24 dev eth0; ip addr add fd00:1::2/64 dev eth0 nodad; ip route add default via ${at.aGateway}`,
  );
  link(
    'b',
    'vb',
    `ip addr add ${at.b}/24 dev eth0; ip addr add fd00:2::2/64 dev eth0 nodad; ip route add default via ${at.bGateway}`,
  );
  link('lan', 'lan', `ip addr add ${at.lan}/24 dev eth0; ip route add default via ${at.house}`);
  link('net', 'net', `ip addr add ${at.outside}/24 dev eth0`);
  inside(
    'box',
    `ip link set va master ${bridges.a}; ip link set vb master ${bridges.b}; ip addr add ${at.house}/24 dev lan; ip addr add ${at.outsideBox}/24 dev net`,
  );
  inside('box', dockerRules.replaceAll('iptables', backend));
  const started: Agent[] = [];
  const agent = (place: Place): Agent => {
    const one = startAgent(name(place));
    started.push(one);
    return one;
  };
  const agents = Object.fromEntries(places.map((place) => [place, agent(place)])) as Rig['agents'];
  return {
    agents,
    agent,
    in: inside,
    async [Symbol.asyncDispose]() {
      for (const one of started) await one.kill();
      for (const place of places) sh('ip', 'netns', 'del', name(place));
    },
  };
}

/** Spoofed addresses are local to the box; dbx0 carries the services and never a container. */
const boxLinks = `
  sysctl -qw net.ipv4.ip_forward=1
  ip link add dbx0 type bridge; ip link set dbx0 up; ip addr add 10.196.0.1/24 dev dbx0; ip addr add ${at.service}/32 dev dbx0
  for side in a b; do
    bridge=dbx-$(for i in 1 2 3 4 5 6 7 8; do printf $side; done)
    ip link add $bridge type bridge; ip link set $bridge up
  done
  ip addr add ${at.aGateway}/24 dev ${bridges.a}; ip addr add fd00:1::1/64 dev ${bridges.a} nodad
  ip addr add ${at.bGateway}/24 dev ${bridges.b}; ip addr add fd00:2::1/64 dev ${bridges.b} nodad
  for last in 251 252 253 254; do ip addr add 10.196.1.$last/32 dev ${bridges.a}; ip addr add 10.196.2.$last/32 dev ${bridges.b}; done
`;

/** As Docker 20.10 leaves them with two internal networks and one published port. */
export const dockerRules = `
  iptables -P FORWARD DROP
  for chain in DOCKER DOCKER-USER DOCKER-ISOLATION-STAGE-1; do iptables -N $chain; done
  iptables -A FORWARD -j DOCKER-USER; iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1
  iptables -A DOCKER-ISOLATION-STAGE-1 ! -s 10.196.1.0/24 -o ${bridges.a} -j DROP
  iptables -A DOCKER-ISOLATION-STAGE-1 ! -d 10.196.1.0/24 -i ${bridges.a} -j DROP
  iptables -A DOCKER-ISOLATION-STAGE-1 ! -s 10.196.2.0/24 -o ${bridges.b} -j DROP
  iptables -A DOCKER-ISOLATION-STAGE-1 ! -d 10.196.2.0/24 -i ${bridges.b} -j DROP
  iptables -A DOCKER-USER -j RETURN; iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
  iptables -t nat -N DOCKER
  iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -A DOCKER -p tcp --dport 8081 -j DNAT --to-destination ${at.b}:8080
`;

function startAgent(namespace: string): Agent {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', namespace, node, agentFile], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (err: Error) => void }>();
  let next = 0;
  child.on('message', ({ id, value, error }: { id: number; value: unknown; error?: string }) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(value as never);
    else caller?.reject(new Error(error));
  });
  child.on('exit', () => {
    for (const caller of waiting.values()) caller.reject(new Error(`the agent of ${namespace} ended`));
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    call: (method, ...[argument]) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        child.send({ id, method, argument });
      }),
    signal: (signal) => void child.kill(signal),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
