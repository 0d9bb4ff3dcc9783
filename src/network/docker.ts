/** docker — the Docker networks of Databox: created with our addresses, adopted when equal, removed by exact name. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { createEngine } from '../base/engine.ts';
import { Failure } from '../base/errors.ts';
import { isCidr, type Cidr, type Ip } from '../base/ipv4.ts';

export type DockerNetwork = { name: string; component: string; bridge: string; subnet: Cidr; gateway: Ip };

/** All networks of ours have it; its value is the component, or `databox-system-net`. */
const label = 'databox.component';
const kind = { 'databox.type': 'network' } as const;
const option = (name: string) => `com.docker.network.bridge.${name}`;

/** Interface names hold 15 characters, component names more. */
export const bridgeOf = (network: string): string =>
  `dbx-${createHash('sha256').update(network).digest('hex').slice(0, 8)}`;

/** Arguments of `docker` that create the network: no way out, no talk between its containers, no IPv6. */
export const createArgs = ({ name, component, bridge, subnet, gateway }: DockerNetwork): string[] => [
  ...['network', 'create', '--driver', 'bridge', '--internal', '--subnet', subnet, '--gateway', gateway],
  ...['--opt', `${option('name')}=${bridge}`, '--opt', `${option('enable_icc')}=false`],
  ...Object.entries(kind).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
  ...['--label', `${label}=${component}`, name],
];

const record = z.record(z.string(), z.string()).nullish();
const Inspected = z.looseObject({
  Name: z.string(),
  Driver: z.string(),
  Internal: z.boolean(),
  EnableIPv6: z.boolean().optional(),
  IPAM: z.looseObject({
    Config: z.array(z.looseObject({ Subnet: z.string().optional(), Gateway: z.string().optional() })).nullish(),
  }),
  Containers: z.record(z.string(), z.unknown()).nullish(),
  Options: record,
  Labels: record,
});
type Inspected = z.infer<typeof Inspected>;

export type Block = { cidr: Cidr; name: string };
export type Survey = {
  /** Our networks, whatever process made them. */
  ours: { name: string; component: string }[];
  /** Blocks of those that are not ours. */
  foreign: Block[];
};

export type Docker = {
  /** @throws Failure `docker.unavailable` */
  reach(): Promise<void>;
  /** All networks that there are. */
  survey(): Promise<Survey>;
  /**
   * Makes the network exist exactly so: an equal one stays, one of ours that differs is replaced. What a survey saw is
   * taken as it was, once.
   * @returns whether it was made now
   * @throws Failure `network.refused` when somebody else's network has the name
   */
  ensure(network: DockerNetwork): Promise<boolean>;
  /** Removes a network of ours; containers still in it are taken off. Nothing happens when it is not there. */
  remove(name: string): Promise<void>;
};

/** @param host as in DOCKER_HOST; absent: the machine's engine */
export function createDocker(host: string | undefined): Docker {
  const { docker, isAlive } = createEngine(host);
  const inspect = async (names: readonly string[]): Promise<Inspected[]> =>
    names.length === 0 ? [] : z.array(Inspected).parse(JSON.parse(await docker(['network', 'inspect', ...names])));
  let seen = new Map<string, Inspected>();
  const names = async (): Promise<string[]> =>
    (await docker(['network', 'ls', '--format', '{{.Name}}'])).split('\n').filter(Boolean);
  // Docker takes part of an id as well.
  const find = async (name: string): Promise<Inspected | undefined> =>
    (await inspect([name]).catch(noneWhenMissing)).find(({ Name }) => Name === name);
  const remove = async (name: string, found: Inspected): Promise<void> => {
    for (const container of Object.keys(found.Containers ?? {})) {
      await docker(['network', 'disconnect', '--force', name, container]);
    }
    await docker(['network', 'rm', name]);
  };
  return {
    reach: () => reached(isAlive()),
    async survey() {
      seen = new Map((await inspect(await names())).map((network) => [network.Name, network]));
      return surveyOf([...seen.values()]);
    },
    async ensure(network) {
      const found = seen.get(network.name) ?? (await find(network.name));
      seen.delete(network.name);
      if (found && equal(found, network)) return false;
      if (found && !isOurs(found)) {
        const sentence = `a Docker network ${network.name} exists that is not ours; remove it`;
        throw new Failure('network.refused', sentence, { network: network.name });
      }
      if (found) await remove(network.name, found);
      await docker(createArgs(network));
      return true;
    },
    async remove(name) {
      seen.delete(name);
      const found = await find(name);
      if (found && isOurs(found)) await remove(name, found);
    },
  };
}

function noneWhenMissing(err: unknown): Inspected[] {
  if (err instanceof Failure && /no such network|network \S+ not found/i.test(err.message)) return [];
  throw err;
}

const surveyOf = (networks: readonly Inspected[]): Survey => ({
  ours: networks.filter(isOurs).map(({ Name, Labels }) => ({ name: Name, component: Labels?.[label] ?? '' })),
  foreign: networks.filter((network) => !isOurs(network)).flatMap(blocksOf),
});

async function reached(alive: Promise<boolean>): Promise<void> {
  if (!(await alive)) throw new Failure('docker.unavailable', 'the Docker engine does not answer; is it running?');
}

const isOurs = ({ Labels }: Inspected): boolean =>
  Labels?.[label] !== undefined && Object.entries(kind).every(([key, value]) => Labels[key] === value);

const blocksOf = ({ Name, IPAM }: Inspected): Block[] =>
  (IPAM.Config ?? []).flatMap(({ Subnet = '' }) => (isCidr(Subnet) ? [{ cidr: Subnet, name: Name }] : []));

function equal(found: Inspected, network: DockerNetwork): boolean {
  const [config, ...more] = found.IPAM.Config ?? [];
  return (
    isOurs(found) &&
    found.Labels?.[label] === network.component &&
    found.Driver === 'bridge' &&
    found.Internal &&
    found.EnableIPv6 !== true &&
    found.Options?.[option('name')] === network.bridge &&
    found.Options[option('enable_icc')] === 'false' &&
    config?.Subnet === network.subnet &&
    config.Gateway === network.gateway &&
    more.length === 0
  );
}
