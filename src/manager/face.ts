/** What the manager offers: the shapes that the owner's pages, the admin socket and `main` hold. */
import type { Manifest } from '../appstore/index.ts';
import type { MintRequest } from '../arbiter/index.ts';
import type { Excess } from '../base/excess.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Tls } from '../base/listen.ts';
import type { ComponentType, HypercatItem } from '../base/names.ts';
import type { Backup, Restored } from '../store/index.ts';
import type { Arch } from './images.ts';
import type { Choices, Line, Sla } from './sla.ts';

/** Names a manifest of the app store, or brings one. Datasources may carry the chosen item in `hypercat`. */
export type Asked = {
  name?: string;
  /** As posted; validated here. Its `datasources[].hypercat.href` count as choices. */
  manifest?: unknown;
};
export type InstallRequest = Asked & { choices?: Choices };

/** One thing a component may do once installed, in plain words. */
export type Ask = {
  kind: 'read' | 'control' | 'call' | 'export' | 'external' | 'local' | 'store' | 'package' | 'origin';
  /** A whole sentence for the owner, such as `May read loadavg1 of driver-os-monitor.` */
  sentence: string;
  /** What it is about: a clientid, a URL, a host. */
  detail: string;
};

/** What the owner is shown before an install. Nothing has been changed or fetched. */
export type Review = {
  manifest: Manifest;
  warnings: string[];
  /** The repository's address or folder; `owner` for a manifest that no repository has. */
  origin: string;
  asks: Ask[];
  datasources: {
    clientid: string;
    name: string;
    type: string;
    required: boolean;
    min: number;
    /** -1: any number. */
    max: number;
    /** Hrefs that the posted manifest chose, else those of the agreement that there is. */
    chosen: string[];
    /** Datasources of this box of that type, newest registration first. */
    candidates: HypercatItem[];
  }[];
  /** `id` is null while the image is not on this machine. */
  image: {
    reference: string;
    id: string | null;
    /** The name that is looked for first: one who builds the image names it so. */
    preferred: string;
  };
  /** 0 (harmless) to 5 (data may leave the box, or what it reads is unknown): the highest of its asks. */
  risk: number;
  installed: boolean;
  /** Members in which it differs from the manifest that is agreed to; `null` when it is not installed. */
  changed: string[] | null;
};

export type ComponentState = 'waiting' | 'preparing' | 'starting' | 'running' | 'complete' | 'failed' | 'shutdown';

export type ComponentStatus = {
  name: string;
  type: ComponentType | 'store' | 'system';
  desiredState: 'running' | 'shutdown';
  state: ComponentState;
  /** Equal to `state`, as the original's clients expect. */
  status: ComponentState;
  /** Why it does not run, or why it ended last time. */
  error?: string;
  /** Hrefs of chosen datasources that are not registered now. */
  waitingFor?: string[];
  /** Crashes in a row. */
  restarts: number;
  origin: string | null;
  image: string | null;
};

export type Status = {
  version: string;
  release: string;
  /** Ms since the Unix epoch. */
  startedAt: number;
  pool: string;
  /** Whether the network enforces and the Docker engine answers. */
  healthy: boolean;
  /** Also what is no illness, such as a clock that was set. */
  problems: string[];
  /** The last times that the machine's clock was set since start, ms since the Unix epoch, oldest first. */
  clockJumps: { from: number; to: number }[];
  components: Record<ComponentState, number>;
  stores: number;
};

export type Progress = (step: { step: string; message: string }) => void;

/** Where the owner's proxy finds a component's page: connect from `localAddress`, or the kernel refuses. */
export type UiTarget = { address: Ip; port: number; localAddress: Ip; ca: string; servername: string };

export type OwnerAuthority = {
  /** The internal authority, DATABOX_ROOT_CA: what components' certificates are checked against. */
  readonly rootPem: string;
  /** The authority that browsers and phones are told to trust. */
  readonly ownerRootPem: string;
  /** Key and certificate chain of the owner's listener now. */
  ownerTls(): Tls;
  /** Called with each renewed pair: hand it to `Listener.renew`. Returns the way to stop. */
  onOwnerRenewed(listener: (tls: Tls) => void): () => void;
};

/** A route and the caveats of the grant that covers it. */
export type TokenWish = MintRequest;
export type MintedToken = {
  token: string;
  claims: Record<string, unknown>;
  /** The component's: from elsewhere the token is refused. Null while it has none. */
  address: Ip | null;
};

export type Manager = AsyncDisposable & {
  readonly authority: OwnerAuthority;
  /**
   * What a manifest asks for and what could be chosen.
   * @throws Failure `manifest.invalid`, `manifest.unknown`, `manifest.differs` (`details.members`)
   */
  review(asked: Asked): Promise<Review>;
  /**
   * Everything of an install that can be refused before it begins, except the image.
   * @returns the agreement that `install` would make
   * @throws Failure as `review`; `component.exists`, `store.kept`, `datasource.invalid`, `image.invalid`
   */
  check(request: InstallRequest): Promise<Sla>;
  /**
   * Installs and starts a component, or leaves nothing behind. An app whose datasources are not registered yet is
   * installed too; it waits for them and is started by their registration.
   * @throws Failure as `check`; `image.missing`, `image.invalid`, `network.*`, `docker.*`; `component.busy` when it is
   *   uninstalled meanwhile, `databox.stopped`
   */
  install(request: InstallRequest, onProgress?: Progress): Promise<void>;
  /**
   * Ends an install or start of it that is under way. Its store's data is kept unless told otherwise; `delete` also
   * deletes what was kept of a component that is not installed any more.
   * @throws Failure `component.unknown`
   */
  uninstall(name: string, options?: { data?: 'keep' | 'delete' }): Promise<void>;
  /** Replaces the container; forgets earlier crashes. @throws Failure `component.unknown`, `docker.*` */
  restart(name: string): Promise<void>;
  /**
   * Everything of a replacement that can be refused before it begins, except the image.
   * @returns the agreement that `replace` would make
   * @throws Failure as `review`; `component.unknown`, `component.exists` (why it cannot take its place)
   */
  checkReplacement(request: InstallRequest): Promise<Sla>;
  /**
   * Gives an installed component the image that its manifest means now, and the manifest with it. Data, choices and what
   * the owner took back stay; only what the request chooses anew changes.
   * @throws Failure as `checkReplacement`; `image.missing`, `image.invalid`, `docker.*`
   */
  replace(request: InstallRequest, onProgress?: Progress): Promise<void>;
  /** Where images are built for this box: the engine as in DOCKER_HOST, `null` for the machine's. */
  engine(): { host: string | null; arch: Arch };
  /**
   * Withdraws one line of the agreement: tokens, streams and flows of it end before this resolves.
   * @throws Failure `component.unknown`, `datasource.unknown`
   */
  revoke(name: string, line: Line): Promise<void>;
  /** Gives a withdrawn line back. @throws Failure `component.unknown`, `datasource.unknown` */
  allow(name: string, line: Line): Promise<void>;
  /** Apps and drivers by name, then stores, then the platform's own services. */
  list(): Promise<ComponentStatus[]>;
  /** @throws Failure `component.unknown` */
  sla(name: string): Sla;
  /** Every datasource of every open store. */
  dataSources(): Promise<HypercatItem[]>;
  /**
   * Lines of a component's output, oldest first; with `follow` until `signal`.
   * @throws Failure `component.unknown`
   */
  logs(name: string, options: { follow: boolean; signal: AbortSignal; onLine: (line: string) => void }): Promise<void>;
  /**
   * A token as the component itself would get it, for its author; on record.
   * @throws Failure `component.unknown`, `permission.refused`, `path.invalid`, `rate.exceeded`, `ledger.unavailable`
   */
  token(name: string, wish: TokenWish): Promise<MintedToken>;
  /**
   * A backup of a component's store: all that was acknowledged before this is called.
   * @throws Failure `store.unknown`, `store.unavailable`, `store.full`
   */
  backup(store: string): Promise<Backup>;
  /**
   * Exchanges the data of a store for that of a backup; refused whole unless it is of the same name, kind and origin.
   * @throws Failure `backup.invalid`, `backup.foreign`, `database.newer`, `store.unknown`, `store.unavailable`, `store.full`
   */
  restore(store: string, source: AsyncIterable<Buffer>): Promise<Restored>;
  status(): Promise<Status>;
  /** What components asked of the platform's services beyond their limits since start, latest first. */
  excess(): Excess[];
  /** `undefined` when no such component is running. */
  uiTarget(name: string): UiTarget | undefined;
  /** Resets what a caller holds open at one of the platform's services. Returns how many connections. */
  resetSockets(service: string, caller: Ip): number;
};
