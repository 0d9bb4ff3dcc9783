/** settings — every setting as data: what the command line shows is told without the library that reads values. */
import { existsSync } from 'node:fs';
import type { z } from 'zod';
import type { Kinds } from './kinds.ts';

type Setting<T> = {
  /** What a value must be. */
  is: (kinds: Kinds) => z.ZodType<T>;
  default: T;
  doc: string;
  secret?: boolean;
};
const setting = <T>(s: Setting<T>): Setting<T> => s;

/** Every setting; docs/configuration.md is printed from this table. */
export const settings = {
  'state.dir': setting({
    is: (k) => k.text,
    default: '/var/lib/databox',
    doc: 'Databases, certificates, stores and repositories.',
  }),
  'run.dir': setting({
    is: (k) => k.text,
    default: '/run/databox',
    doc: 'Admin socket and the secrets of running components; on tmpfs.',
  }),
  'log.level': setting({
    is: (k) => k.z.enum(['debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    default: 'info' as const,
    doc: 'The least severe event that is logged.',
  }),
  release: setting({
    is: (k) => k.text,
    default: '0.5.2',
    doc: 'Compatibility release told to components; default image tag.',
  }),
  'owner.address': setting({
    is: (k) => k.z.ipv4(),
    default: '0.0.0.0',
    doc: 'Address of the owner’s HTTP and HTTPS listeners.',
  }),
  'owner.https-port': setting({
    is: (k) => k.whole(0, 65_535),
    default: 443,
    doc: 'Port of the owner’s HTTPS; 0 takes a free one.',
  }),
  'owner.http-port': setting({
    is: (k) => k.whole(0, 65_535),
    default: 80,
    doc: 'Port of the page with the box’s certificate; 0 takes a free one.',
  }),
  'owner.host-name': setting({
    is: (k) => k.optional,
    default: undefined,
    doc: 'Name in the box’s certificate; default the machine’s.',
  }),
  'owner.password': setting({
    is: (k) => k.z.string().min(8).optional(),
    default: undefined,
    secret: true,
    doc: 'Password for this run; not saved. Visible to other users of this machine: prefer owner.password-file.',
  }),
  'owner.password-file': setting({
    is: (k) => k.optional,
    default: undefined,
    doc: 'File whose first line is the password for this run.',
  }),
  'network.address-pool': setting({
    is: (k) => k.cidr.optional(),
    default: undefined,
    doc: 'Block that component networks are cut from, a /24 each; default 10.196.0.0/16 or the first free alternative.',
  }),
  'network.queue': setting({
    is: (k) => k.whole(0, 65_535),
    default: 7,
    doc: 'NFQUEUE number; the kernel rule names the same one.',
  }),
  'network.mark': setting({
    is: (k) => k.z.string().regex(/^0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}$/),
    default: '0x0db00000/0x0ff00000',
    doc: 'Packet and connection mark of accepted flows, with its mask.',
  }),
  'network.public-ranges': setting({
    is: (k) => k.list(k.cidr),
    default: [] as string[],
    doc: 'Reserved blocks that count as outside all the same (test networks).',
  }),
  'network.upstream': setting({
    is: (k) => k.list(k.z.string()),
    default: [] as string[],
    doc: 'DNS servers asked for external names, as address or address:port; default the machine’s.',
  }),
  'network.flows-per-second': setting({
    is: (k) => k.whole(1, 100_000),
    default: 200,
    doc: 'New flows that one component may open a second.',
  }),
  'arbiter.requests-per-second': setting({
    is: (k) => k.whole(10, 1_000_000),
    default: 200,
    doc: 'Requests that one component may make of the arbiter, and twice as many at once; beyond that 429.',
  }),
  'store.requests-per-second': setting({
    is: (k) => k.whole(10, 1_000_000),
    default: 10_000,
    doc: 'Requests that one component may make of all stores together, and twice as many at once; beyond that 429. The default only stops a loop that has gone wild; lower it on a small box with many apps that you do not trust.',
  }),
  'export.private-hosts': setting({
    is: (k) => k.list(k.text),
    default: [] as string[],
    doc: 'Destination hosts that may have private addresses.',
  }),
  'export.ca-file': setting({
    is: (k) => k.optional,
    default: undefined,
    doc: 'PEM file of further authorities trusted for export destinations.',
  }),
  'export.timeout-seconds': setting({ is: (k) => k.whole(1, 600), default: 30, doc: 'Time one export may take.' }),
  'export.queue-limit': setting({
    is: (k) => k.whole(1, 100_000),
    default: 1_000,
    doc: 'Exports that one component may have waiting.',
  }),
  'docker.registry-host': setting({
    is: (k) => k.text,
    default: 'docker.io',
    doc: 'Host that images without one are pulled from.',
  }),
  'docker.registry': setting({
    is: (k) => k.text,
    default: 'databoxsystems',
    doc: 'Registry path of images whose manifest names none.',
  }),
  'docker.host': setting({
    is: (k) => k.optional,
    default: undefined,
    doc: 'Docker engine to use, as in DOCKER_HOST; default the machine’s.',
  }),
  'appstore.repositories': setting({
    is: (k) => k.list(k.text),
    default: ['https://github.com/me-box/databox-manifest-store'] as string[],
    doc: 'Manifest repositories: https git URLs or local directories.',
  }),
  'appstore.sync-minutes': setting({
    is: (k) => k.whole(1, 10_080),
    default: 60,
    doc: 'Time between two syncs of the repositories.',
  }),
  'appstore.examples': setting({
    is: (k) => k.z.stringbool().or(k.z.boolean()),
    default: true,
    doc: 'Offer the examples that come with Databox, after all repositories.',
  }),
  'manager.flush-slas': setting({
    is: (k) => k.z.stringbool().or(k.z.boolean()),
    default: false,
    doc: 'Forget installed apps and drivers at start; their stores stay.',
  }),
  'manager.regenerate-certificates': setting({
    is: (k) => k.z.stringbool().or(k.z.boolean()),
    default: false,
    doc: 'Make new certificate authorities at start: browsers must trust the new one; components get theirs at once.',
  }),
  'manager.restart-limit': setting({
    is: (k) => k.whole(0, 100),
    default: 8,
    doc: 'Crashes in a row after which a component is left stopped.',
  }),
  'container.memory-mb': setting({
    is: (k) => k.whole(16, 65_536),
    default: 256,
    doc: 'Memory limit of a component’s container.',
  }),
  'container.cpus': setting({
    is: (k) => k.z.coerce.number().positive().max(64),
    default: 1,
    doc: 'Processors that a component’s container may use.',
  }),
  'container.pids': setting({
    is: (k) => k.whole(8, 65_536),
    default: 128,
    doc: 'Processes and threads that a component’s container may have.',
  }),
  'container.connections': setting({
    is: (k) => k.whole(16, 65_536),
    default: 512,
    doc: 'Connections that a component may hold open to arbiter, stores and export service together; further ones are reset.',
  }),
} as const;

export type SettingName = keyof typeof settings;
type Value<N extends SettingName> = (typeof settings)[N] extends Setting<infer T> ? T : never;
export type Config = { readonly [N in SettingName]: Value<N> };

export const flagOf = (name: string): string => `--${name.replaceAll('.', '-')}`;
export const envOf = (name: string): string => `DATABOX_${name.replaceAll(/[.-]/g, '_').toUpperCase()}`;

export type Sources = {
  /** By setting name; a present value wins, 0 and '' included. */
  flags?: Partial<Record<SettingName, unknown>>;
  env?: Record<string, string | undefined>;
  /** Path of a JSON file with setting names as keys. */
  file?: string | undefined;
};

/** Read when nothing names another. */
export const defaultConfigFile = '/etc/databox/config.json';
/** Names the file, as `--config` does; it is no setting, so it is in no table. */
export const configFileVariable = 'DATABOX_CONFIG';

/**
 * The file of settings: the one that the command line names, else the environment, else the machine's if there is one.
 * @param named  what `--config` says
 */
export function configFileOf(named: string | undefined, env: Sources['env'] = {}): string | undefined {
  return named ?? env[configFileVariable] ?? (existsSync(defaultConfigFile) ? defaultConfigFile : undefined);
}
