import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataboxError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where this component is and who it is. */
export type Place = {
  env: Environment;
  /** `DATABOX_LOCAL_NAME`. */
  name: string;
  /** Host name of this component's own store, whether it has one or not. */
  store: string;
  /**
   * Host name of an endpoint or href, for example `tcp://driver-x-core-store:5555`. At an author's desk a loopback address,
   * which programs written for the original have for it, is this component's own store.
   * @throws DataboxError `environment.invalid`
   */
  hostOf(endpoint: string): string;
  /** Base address of a host of the box, without a trailing slash. */
  baseOf(host: string): string;
  /** This component's key at the arbiter. */
  key(): string;
  /** PEM of the box's authority; `undefined` outside a container, where the usual ones hold. */
  ca: string | undefined;
  /** Contents of a file of /run/secrets, `undefined` when there is none. */
  secret(file: string): string | undefined;
};

export type PlaceOptions = {
  /** Default: the process' own. */
  env?: Environment;
  /** Folder of the secret files. Default `/run/secrets`. */
  secrets?: string;
};

/**
 * Reads what the manager told this component: environment and secret files. With `DATABOX_DEV_URL` the box is one plain
 * HTTP address and a host's name is the first segment of the path (`databox dev`).
 * @throws DataboxError `environment.invalid`
 */
export function readPlace({ env = process.env, secrets = '/run/secrets' }: PlaceOptions = {}): Place {
  const name = env['DATABOX_LOCAL_NAME'] ?? '';
  if (name === '') throw new DataboxError('environment.invalid', 'DATABOX_LOCAL_NAME is not set: is this a component?');
  const dev = env['DATABOX_DEV_URL']?.replace(/\/+$/, '');
  const arbiter = dev === undefined ? hostOf(env['DATABOX_ARBITER_ENDPOINT'] ?? 'tcp://arbiter:4444') : 'arbiter';
  const told = env['DATABOX_ZMQ_ENDPOINT'];
  const named = told ? hostOf(told) : '';
  const own = named === '' || (dev !== undefined && isLoopback(named)) ? `${name}-core-store` : named;
  const secret = (file: string): string | undefined => readIfThere(join(secrets, file));
  return {
    env,
    name,
    store: own,
    hostOf(endpoint) {
      const host = hostOf(endpoint);
      return dev !== undefined && isLoopback(host) ? own : host;
    },
    baseOf(host) {
      const meant = host === 'arbiter' ? arbiter : host;
      return dev ? `${dev}/${meant}` : `https://${meant}:8080`;
    },
    key() {
      const key = secret('ARBITER_TOKEN') ?? env['ARBITER_TOKEN'];
      if (key) return key;
      throw new DataboxError('environment.invalid', 'there is no ARBITER_TOKEN, neither as a file nor as a variable');
    },
    ca: secret('DATABOX_ROOT_CA'),
    secret,
  };
}

/** Host name of an endpoint like `tcp://arbiter:4444`. @throws DataboxError `environment.invalid` */
function hostOf(endpoint: string): string {
  // URL knows no host in schemes it does not know; tcp: becomes http: to be read.
  const text = endpoint.replace(/^[a-z]+:\/\//, 'http://');
  const host = URL.canParse(text) ? new URL(text).hostname : '';
  if (host !== '') return host;
  throw new DataboxError('environment.invalid', `${endpoint} is no endpoint like tcp://arbiter:4444`);
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined;
    throw new DataboxError('environment.invalid', `${file} cannot be read`, { cause });
  }
}
