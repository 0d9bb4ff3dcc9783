import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { Failure } from './errors.ts';
import { isCidr } from './ipv4.ts';

type Setting<T> = { is: z.ZodType<T>; default: T; doc: string; secret?: boolean };
const setting = <T>(s: Setting<T>): Setting<T> => s;

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const text = z.string().trim().min(1);
const optional = text.optional();
/** A JSON array in the file, a comma-separated list on the command line and in the environment. */
const list = <T extends z.ZodType<string>>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
    z.array(item),
  );
const cidr = z.string().refine(isCidr, 'must be a block like 10.196.0.0/16');

/** Every setting; docs/configuration.md is printed from this table. */
export const settings = {
  'state.dir': setting({
    is: text,
    default: '/var/lib/databox',
    doc: 'Databases, certificates, stores and repositories.',
  }),
  'run.dir': setting({
    is: text,
    default: '/run/databox',
    doc: 'Admin socket and the secrets of running components; on tmpfs.',
  }),
  'log.level': setting({
    is: z.enum(['debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    default: 'info' as const,
    doc: 'The least severe event that is logged.',
  }),
  release: setting({ is: text, default: '0.5.2', doc: 'Compatibility release told to components; default image tag.' }),
  'owner.address': setting({
    is: z.ipv4(),
    default: '0.0.0.0',
    doc: 'Address of the owner’s HTTP and HTTPS listeners.',
  }),
  'owner.https-port': setting({
    is: whole(0, 65_535),
    default: 443,
    doc: 'Port of the owner’s HTTPS; 0 takes a free one.',
  }),
  'owner.http-port': setting({
    is: whole(0, 65_535),
    default: 80,
    doc: 'Port of the page with the box’s certificate; 0 takes a free one.',
  }),
  'owner.host-name': setting({
    is: optional,
    default: undefined,
    doc: 'Name in the box’s certificate; default the machine’s.',
  }),
  'owner.password': setting({
    is: z.string().min(8).optional(),
    default: undefined,
    secret: true,
    doc: 'Password for this run; not saved. Visible to other users of this machine: prefer owner.password-file.',
  }),
  'owner.password-file': setting({
    is: optional,
    default: undefined,
    doc: 'File whose first line is the password for this run.',
  }),
  'network.address-pool': setting({
    is: cidr.optional(),
    default: undefined,
    doc: 'Block that component networks are cut from, a /24 each; default 10.196.0.0/16 or the first free alternative.',
  }),
  'network.queue': setting({
    is: whole(0, 65_535),
    default: 7,
    doc: 'NFQUEUE number; the kernel rule names the same one.',
  }),
  'network.mark': setting({
    is: z.string().regex(/^0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}$/),
    default: '0x0db00000/0x0ff00000',
    doc: 'Packet and connection mark of accepted flows, with its mask.',
  }),
  'network.public-ranges': setting({
    is: list(cidr),
    default: [] as string[],
    doc: 'Reserved blocks that count as outside all the same (test networks).',
  }),
  'network.upstream': setting({
    is: list(z.string()),
    default: [] as string[],
    doc: 'DNS servers asked for external names, as address or address:port; default the machine’s.',
  }),
  'network.flows-per-second': setting({
    is: whole(1, 100_000),
    default: 200,
    doc: 'New flows that one component may open a second.',
  }),
  'export.private-hosts': setting({
    is: list(text),
    default: [] as string[],
    doc: 'Destination hosts that may have private addresses.',
  }),
  'export.ca-file': setting({
    is: optional,
    default: undefined,
    doc: 'PEM file of further authorities trusted for export destinations.',
  }),
  'export.timeout-seconds': setting({ is: whole(1, 600), default: 30, doc: 'Time one export may take.' }),
  'export.queue-limit': setting({
    is: whole(1, 100_000),
    default: 1_000,
    doc: 'Exports that one component may have waiting.',
  }),
  'docker.registry-host': setting({
    is: text,
    default: 'docker.io',
    doc: 'Host that images without one are pulled from.',
  }),
  'docker.registry': setting({
    is: text,
    default: 'databoxsystems',
    doc: 'Registry path of images whose manifest names none.',
  }),
  'docker.host': setting({
    is: optional,
    default: undefined,
    doc: 'Docker engine to use, as in DOCKER_HOST; default the machine’s.',
  }),
  'appstore.repositories': setting({
    is: list(text),
    default: ['https://github.com/me-box/databox-manifest-store'] as string[],
    doc: 'Manifest repositories: https git URLs or local directories.',
  }),
  'appstore.sync-minutes': setting({
    is: whole(1, 10_080),
    default: 60,
    doc: 'Time between two syncs of the repositories.',
  }),
  'appstore.examples': setting({
    is: z.stringbool().or(z.boolean()),
    default: true,
    doc: 'Offer the examples that come with Databox, after all repositories.',
  }),
  'manager.flush-slas': setting({
    is: z.stringbool().or(z.boolean()),
    default: false,
    doc: 'Forget installed apps and drivers at start; their stores stay.',
  }),
  'manager.restart-limit': setting({
    is: whole(0, 100),
    default: 8,
    doc: 'Crashes in a row after which a component is left stopped.',
  }),
  'container.memory-mb': setting({
    is: whole(16, 65_536),
    default: 256,
    doc: 'Memory limit of a component’s container.',
  }),
  'container.cpus': setting({
    is: z.coerce.number().positive().max(64),
    default: 1,
    doc: 'Processors that a component’s container may use.',
  }),
  'container.pids': setting({
    is: whole(8, 65_536),
    default: 128,
    doc: 'Processes and threads that a component’s container may have.',
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

/**
 * Reads each setting from flags, then environment, then file, then default.
 * @throws Failure `config.invalid` that names every fault: unknown keys, empty or malformed values
 */
export function loadConfig({ flags = {}, env = {}, file }: Sources): Config {
  const fromFile = file === undefined ? {} : readConfigFile(file);
  const faults = Object.keys(fromFile).flatMap((key) => (key in settings ? [] : [`${file}: unknown setting ${key}`]));
  const config: Record<string, unknown> = {};
  for (const [name, { is, default: fallback }] of Object.entries(settings)) {
    const given = flags[name as SettingName] ?? env[envOf(name)] ?? fromFile[name];
    if (given === undefined) config[name] = fallback;
    else {
      const parsed = is.safeParse(given);
      if (parsed.success) config[name] = parsed.data;
      else faults.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
    }
  }
  if (faults.length > 0) throw new Failure('config.invalid', faults.join('; '), { faults });
  return Object.freeze(config) as Config;
}

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

/**
 * One setting, for who needs no other: a fault elsewhere in the file does not keep the owner from asking what is wrong.
 * @throws Failure `config.invalid`, `user.refused` as `loadConfig`, of this setting and the file's form
 */
export function loadSetting<N extends SettingName>(name: N, { flags = {}, env = {}, file }: Sources): Config[N] {
  const given = flags[name] ?? env[envOf(name)] ?? (file === undefined ? undefined : readConfigFile(file)[name]);
  return loadConfig({ flags: given === undefined ? {} : { [name]: given } })[name];
}

function readConfigFile(file: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EACCES') {
      throw new Failure('user.refused', `only root may read ${file}; try sudo`, { file }, { cause });
    }
    throw new Failure('config.invalid', `${file} is not a JSON object of settings`, { file }, { cause });
  }
}
