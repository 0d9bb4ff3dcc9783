import type { Config, Sources } from '../base/config.ts';

export type DevRequest = {
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** For libraries of the original: at the ports that they have built in, at free ones, or not at all. */
  zest: 'fixed' | 'free' | 'off';
  /** Their store asks for no token. */
  openStore: boolean;
  /** Introduce the desk as JSON. */
  json: boolean;
  sources: Sources;
};

/** What an update asks of the state directory. */
export const stateActions = {
  check: {
    doc: 'whether this version can read every file; changes nothing and may be asked while Databox runs',
    nothing: 'This version can read every file.\n',
  },
  formats: {
    doc: 'the version of every file, and its path; changes nothing and may be asked while Databox runs',
    nothing: 'There is no file.\n',
  },
  restore: {
    doc: 'put back every file as it was before the last update changed it',
    nothing: 'The last update changed no file.\n',
  },
  settle: {
    doc: 'delete the copies from before the last update: it cannot be undone then',
    nothing: 'There is no copy from before an update.\n',
  },
} as const;
export type StateAction = keyof typeof stateActions;
type Server = { address: string; port: number };

/** What the network part knows of this machine, before and without a start. */
export type NetworkFacts = {
  /** The iptables of Docker's backend. @throws Failure `network.refused` when Docker's firewall is not visible */
  firewall(): Promise<string>;
  /** Settings of this machine that weaken what the rules do, as sentences. */
  weakSettings(): Promise<string[]>;
  /** The name servers that names are asked of. @throws Failure `config.invalid` */
  servers(config: Config): Promise<Server[]>;
  lookup(
    name: string,
    servers: readonly Server[],
    signal: AbortSignal,
  ): Promise<{ addresses: string[]; unknown: boolean } | { failed: string }>;
  /** The pool that a start would take. @throws Failure `network.overlap` */
  pool(config: Config, withDocker: boolean): Promise<string>;
  /** Tries what a start needs: only in a network namespace that is thrown away. `refused` is the kernel's reason. */
  tryKernel(backend: string): Promise<{ what: string; refused?: string }[]>;
};

/** What only `doctor` and `test` need, loaded when they ask. */
export type DoctorOptions = {
  network: () => Promise<NetworkFacts>;
  /** Looks into every database of a state directory, and changes none. @throws Failure `database.newer` */
  checkState: (dir: string) => Promise<void>;
  /** When this version was released, such as `2026-01-31`. */
  released: string;
};

/**
 * Puts the files of a git repository's commit into a folder, in place of what is there.
 * @param ref tag or branch; absent: the default branch
 * @throws Failure `repository.unreachable`, `repository.invalid`
 */
export type FetchSource = (question: {
  url: string;
  ref: string | undefined;
  into: string;
  signal: AbortSignal;
}) => Promise<{ commit: string; ref: string }>;

export type WipeOptions = {
  /** Leave what is installed, what was agreed, repositories and the password; only data goes. */
  keepComponents: boolean;
  /** Take the box's certificate authorities too: browsers and phones must trust new ones. */
  removeCertificates: boolean;
};
export type Wiped = {
  /** Names of what is gone. */
  components: string[];
  stores: string[];
  containers: string[];
  networks: string[];
  /** Files of the state directory that Databox did not make; they are there still. */
  left: string[];
};

/** A box that does not run, and cannot be started until this is disposed of. */
export type Wipe = Disposable & {
  /** The box's, for a person to type. */
  readonly name: string;
  readonly dir: string;
  readonly found: { components: string[]; stores: { name: string; bytes: number }[] };
  /** What an interrupted wipe was to do: it is done too. */
  readonly unfinished: WipeOptions | undefined;
  /**
   * @param report called with each step
   * @throws Failure `docker.unavailable`, `databox.running`, `database.newer` before anything is changed; `docker.failed`,
   *   `network.refused` in the middle: the box then does not start until it is wiped again
   */
  carryOut(options: WipeOptions, report: (step: string) => void): Promise<Wiped>;
};

/** What the first line of a backup says. */
export type BackupFacts = {
  store: string;
  component: string;
  type: string;
  origin: string;
  /** When it was taken, as ISO 8601 in UTC. */
  at: string;
  /** Of the database in it. */
  bytes: number;
};

/**
 * Reads a whole backup.
 * @param depth  `seal`: that it is whole and unaltered; `all`: also that a box would take it
 * @throws Failure `backup.invalid`, `database.newer`; `store.full` when there is no room to unpack it
 */
export type VerifyBackup = (source: AsyncIterable<Buffer>, depth: 'seal' | 'all') => Promise<BackupFacts>;

export type CliOptions = {
  /** Runs the box in the foreground until it ends. @throws Failure, which is the caller's to print */
  start: (sources: Sources) => Promise<void>;
  /** Runs the author's desk in the foreground until it ends. */
  dev: (request: DevRequest) => Promise<void>;
  /**
   * Does it to the state directory that is configured.
   * @returns the files that were put back or settled
   * @throws Failure `database.newer`, `databox.running`
   */
  state: (action: StateAction, sources: Sources) => Promise<string[]>;
  /** @throws Failure `databox.running`, `user.refused`, `config.invalid` */
  wipe: (sources: Sources) => Promise<Wipe>;
  fetchSource: FetchSource;
  verifyBackup: VerifyBackup;
  /** Databox' own version. */
  version: string;
  doctor: DoctorOptions;
};
