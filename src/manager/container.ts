/** container — every docker argument vector that concerns a component, as data. Pure. */
import type { Ip } from '../base/ipv4.ts';
import type { ComponentType } from '../base/names.ts';
import { Failure } from '../base/errors.ts';

export type ContainerSpec = {
  name: string;
  type: ComponentType;
  /** Image ID: what was reviewed is what runs. */
  image: string;
  /** The state directory's id; containers of another Databox are never touched. */
  box: string;
  place: { network: string; address: Ip; gateway: Ip; resolvConf: string };
  /** Host directory that holds this component's secrets and nothing else. */
  secrets: string;
  /** The image's volumes: they would be host directories without a limit, and become memory like `/tmp`. */
  volumes: readonly string[];
  /** Uid and gid of its own for an image whose user is root; absent: the image's user. */
  uid?: number;
  env: Record<string, string>;
  limits: { memoryMb: number; cpus: number; pids: number };
};

export const labels = {
  type: 'databox.type',
  component: 'databox.component',
  box: 'databox.box',
  /** Digest of everything else that the container was created with. */
  fingerprint: 'databox.fingerprint',
} as const;

/** `docker create` for a component, all but its fingerprint label and the image: hash these to compare containers. */
export function createOptions(spec: ContainerSpec): string[] {
  const { name, type, box, place, secrets, volumes, uid, env, limits } = spec;
  const owner = uid === undefined ? '' : `,uid=${uid},gid=${uid}`;
  return [
    ...['--name', name, '--hostname', name],
    ...[
      '--label',
      `${labels.type}=${type}`,
      '--label',
      `${labels.component}=${name}`,
      '--label',
      `${labels.box}=${box}`,
    ],
    // Docker's own resolver must ask ours too: with the mount alone, a program that asks 127.0.0.11 would reach the
    // host's resolver behind our back.
    ...['--network', place.network, '--ip', place.address, '--dns', place.gateway],
    ...['--mount', bind(place.resolvConf, '/etc/resolv.conf'), '--mount', bind(secrets, '/run/secrets')],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--read-only'],
    ...[
      '--tmpfs',
      `/tmp:rw,nosuid,nodev,size=64m,mode=1777`,
      '--tmpfs',
      `/run:rw,nosuid,nodev,size=16m,mode=0755${owner}`,
    ],
    ...volumesOf(volumes).flatMap((path) => ['--tmpfs', `${path}:rw,nosuid,nodev,size=64m,mode=1777`]),
    ...(uid === undefined ? [] : ['--user', `${uid}:${uid}`]),
    ...['--pids-limit', `${limits.pids}`, '--cpus', `${limits.cpus}`],
    // Memory and swap together: without the second, as much again could be swapped, which kills an SD card.
    ...['--memory', `${limits.memoryMb}m`, '--memory-swap', `${limits.memoryMb}m`],
    ...['--ulimit', 'nofile=4096:4096', '--restart', 'no'],
    ...['--log-driver', 'json-file', '--log-opt', 'max-size=1m', '--log-opt', 'max-file=3'],
    ...Object.entries(env).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
  ];
}

export const createArgs = (spec: ContainerSpec, fingerprint: string): string[] => [
  'create',
  ...createOptions(spec),
  ...['--label', `${labels.fingerprint}=${fingerprint}`],
  spec.image,
];

/** A mount's value is comma-separated; a path with a comma could add options. */
function bind(source: string, target: string): string {
  if (/[,"\n]/.test(source)) throw new Failure('config.invalid', `${source}: a directory name must not have , or "`);
  return `type=bind,source=${source},target=${target},readonly`;
}

const mounted = ['/tmp', '/run', '/run/secrets', '/etc/resolv.conf'];

/** Paths of an image's volumes that nothing of ours is mounted on. The flag's value has `:` and `,` of its own. */
function volumesOf(volumes: readonly string[]): string[] {
  const paths = volumes.map((volume) => `/${volume.split('/').filter(Boolean).join('/')}`);
  const bad = paths.find((path) => !/^(\/[\w.-]+)+$/.test(path) || /\/\.{1,2}(\/|$)/.test(path));
  if (bad !== undefined) throw new Failure('image.invalid', `the image has a volume ${bad}, which is no plain path`);
  return [...new Set(paths)].filter((path) => !mounted.includes(path)).sort();
}

/** Whether an image runs as root: no user, `root` or uid 0, with or without a group. */
export const isRoot = (user: string): boolean => /^(root|0+)?(:.*)?$/.test(user);

/** The uid of an image's user when it is written as a plain number. The engine takes `+0` and `-0` for root. */
export const numericUid = (user: string): number | undefined =>
  /^[1-9]\d{0,9}(:|$)/.test(user) ? Number(user.split(':')[0]) : undefined;

/**
 * The uid that `/etc/passwd` gives a user name, `undefined` unless it says so in one way only. The engine reads more
 * than it should: blanks around a line, a uid that is no number as 0, the first of two entries.
 */
export function uidIn(passwd: string, user: string): number | undefined {
  const [name = ''] = user.split(':');
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) return undefined;
  const fields = passwd.split('\n').map((line) => line.split(':'));
  const [entry, ...more] = fields.filter(([first = '']) => first.replaceAll(/[^!-~]/g, '') === name);
  const [first, , uid = ''] = entry ?? [];
  return first === name && more.length === 0 && /^[1-9]\d{0,9}$/.test(uid) ? Number(uid) : undefined;
}

/** The text of the first file of a tar stream, as `docker cp … -` writes it; `''` when that is no ordinary file. */
export function fileOfTar(tar: string): string {
  const size = Number.parseInt(tar.slice(124, 136), 8);
  const isFile = tar[156] === '0' || tar[156] === '\0';
  return isFile && Number.isSafeInteger(size) ? tar.slice(512, 512 + size) : '';
}
