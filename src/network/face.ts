/** face — what the holder of a network calls and gets. */
import type { Cidr, Ip } from '../base/ipv4.ts';
import type { Config } from '../base/config.ts';
import type { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Refusal, Unlisted } from './enforcer.ts';
import type { RefusedName } from './names/resolver.ts';
import type { Peer } from './policy.ts';
import type { Protocol } from './tables.ts';

/** Where a component's container goes. */
export type Place = {
  /** Docker network, `<component>-network`. */
  network: string;
  bridge: string;
  subnet: Cidr;
  /** Its name server: `--dns`. */
  gateway: Ip;
  /** The container's own: `--ip`. */
  address: Ip;
  /** The manager's address in this subnet: bind it (`localAddress`) to reach the component's port 8080. */
  managerAddress: Ip;
  /** File on this machine to mount read-only at `/etc/resolv.conf`. */
  resolvConf: string;
};

export type PeerView = {
  name: string;
  /** As the component sees it. */
  address: Ip;
  ports: { protocol: Protocol; port: number }[];
  /** Flows since start; refused ones went to ports that are not agreed. */
  accepted: number;
  refused: number;
};

export type NetworkView = {
  pool: Cidr;
  components: { name: string; place: Place; peers: PeerView[] }[];
  /** Refused flows, newest first, per component at most 64 destinations. */
  refused: Refusal[];
  /** Refused attempts at destinations that `refused` no longer lists, per component; `[]` while it lists all. */
  unlisted: Unlisted[];
  /** Refused names. */
  names: RefusedName[];
  /** Agreed outside names whose addresses lead inward now (DNS rebinding, or a device that was not agreed as local). */
  withheld: { component: string; name: string; addresses: readonly Ip[] }[];
  healthy: boolean;
  /** Sentences for the owner, `[]` when healthy. */
  problems: string[];
};

/**
 * Who reaches whom. Every change is in force when its promise resolves, and changes are made one after the other.
 * Names of components and services are those of base/names.ts. Failures of all: `network.refused` when the kernel says
 * no, `network.exhausted`, `docker.failed`; a widening change that fails is taken back, a withdrawal never is.
 */
export type Network = AsyncDisposable & {
  readonly pool: Cidr;
  /** An address of the machine for an in-process service, the same one at every start. */
  addService(name: string): Promise<Ip>;
  /** Says on which port of its address a service listens, for each port that components see. Replaces what was said. */
  publish(name: string, ports: Record<number, number>): Promise<void>;
  /** Takes the service away; who agreed it still knows its name, and reaches nothing. */
  removeService(name: string): Promise<void>;
  /** A network for a component, with nothing allowed; an equal one that exists is adopted, its agreements stay. */
  addComponent(name: string): Promise<Place>;
  /** Withdraws everything, removes the network. A container still in it loses its leg. */
  removeComponent(name: string): Promise<void>;
  /**
   * Adds peers; one of the same name is replaced. A service need not be there yet.
   * @throws Failure `component.unknown`, `value.invalid` for a host or port that is none
   */
  connect(name: string, peers: readonly Peer[]): Promise<void>;
  /** Takes peers away, all without `peers`: open flows are reset on both sides, names are unknown. */
  disconnect(name: string, peers?: readonly string[]): Promise<void>;
  /** Resets the open flows of a pair that stays agreed. */
  reset(name: string, peer: string): Promise<void>;
  /** Names that a component may reach; `undefined` for one without a network. Asks nobody: a withdrawal relies on it. */
  peers(name: string): string[] | undefined;
  view(): Promise<NetworkView>;
  /** Resolves once the thread that gives verdicts and names has answered; while it is stuck, it does not. */
  answers(): Promise<void>;
  /** The network worker died: end the process. The kernel stays shut. */
  readonly failed: Promise<Failure>;
};

export type NetworkOptions = {
  config: Config;
  log: Log;
  signal: AbortSignal;
  /** For the address book and the components' resolv.conf files. */
  dir: string;
  /** Resets what `caller` holds open at an in-process service; returns how many. */
  resetSockets: (service: string, caller: Ip) => number;
};
