import type { Rig } from './index.ts';
import type { AppAsk, Inside } from './inside.ts';
import { appManifest, driverManifest, itemOf } from './manifests.ts';
import { until } from './until.ts';

export const driver = 'driver-probe';
export const driverStore = 'driver-probe-core-store';
/** A datasource of the driver, and the one that no app was given. */
export const datasources = ['temperature', 'secret'] as const;
export const hrefOf = (id: string): string => `tcp://${driverStore}:5555/ts/${id}`;
export const urlOf = (store: string, path: string): string => `https://${store}:8080${path}`;

/** A token that must be given. */
export async function tokenOf(inside: Inside, target: string, path: string, method = 'GET'): Promise<string> {
  const answer = await inside.token({ target, path, method });
  if (answer.status !== 200)
    throw new Error(`${inside.name}: no token for ${method} ${target}${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

/** A request with a token and, if given, a JSON body. */
export const withToken = (token: string, ask: AppAsk, body?: unknown): AppAsk => ({
  ...ask,
  headers: { ...ask.headers, 'x-api-key': token, ...(body !== undefined && { 'content-type': 'application/json' }) },
  ...(body !== undefined && { body: JSON.stringify(body) }),
});

/** Installs the driver, registers its datasources as a driver does, and writes one value into each. */
export async function installDriver(rig: Rig, external: readonly string[] = []): Promise<Inside> {
  await rig.databox.admin.mustInstall({ manifest: driverManifest(driver, external) });
  const inside = rig.inside(driver);
  await running(rig, driver);
  const token = await tokenOf(inside, driverStore, '/*', 'POST');
  const answers = await inside.ask([
    ...datasources.map((id) =>
      withToken(token, { method: 'POST', url: urlOf(driverStore, '/cat') }, itemOf(driverStore, id)),
    ),
    ...datasources.map((id) =>
      withToken(token, { method: 'POST', url: urlOf(driverStore, `/ts/${id}`) }, { value: 1 }),
    ),
  ]);
  if (answers.some(({ status = 0 }) => status < 200 || status > 299)) throw new Error(JSON.stringify(answers));
  return inside;
}

/** Installs an app that may read the driver's temperature, and waits until it runs. */
export async function installApp(rig: Rig, name: string): Promise<Inside> {
  await rig.databox.admin.mustInstall({
    manifest: appManifest(name, { datasources: { TEMPERATURE: 'temperature' } }),
    choices: { TEMPERATURE: hrefOf('temperature') },
  });
  await running(rig, name);
  return rig.inside(name);
}

type ComponentState = { name: string; state: string; error?: string };

/** Waits until a component's container runs. */
export const running = (rig: Rig, name: string): Promise<ComponentState> =>
  until(
    `${name} to run`,
    async () => {
      const all = await rig.databox.admin.read<ComponentState[]>('/components');
      const found = all.find((component) => component.name === name);
      return found?.state === 'running' ? found : undefined;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );

type Peer = { name: string; address: string };
type View = {
  pool: string;
  components: {
    name: string;
    place: { bridge: string; gateway: string; address: string; managerAddress: string };
    peers: Peer[];
  }[];
};

/** What the platform says of a component's place and of the addresses it sees its peers at. */
export async function placeOf(rig: Rig, name: string) {
  const view = await rig.databox.admin.read<View>('/network');
  const component = view.components.find((one) => one.name === name);
  if (!component) throw new Error(`${name} has no place in ${JSON.stringify(view)}`);
  return {
    pool: view.pool,
    ...component.place,
    peers: new Map(component.peers.map((peer) => [peer.name, peer.address])),
  };
}

/** The addresses of the in-process services on the box's own bridge, and the TCP doors open on each. */
export async function serviceDoors(rig: Rig): Promise<{ address: string; port: number }[]> {
  const listed = await rig.rooms.box.run(['ss', '-H', '-ltn']);
  const own = await rig.rooms.box.run(['ip', '-4', '-o', 'addr', 'show', 'dev', 'dbx0']);
  const addresses = [...own.matchAll(/inet ([\d.]+)/g)].map((match) => match[1] ?? '');
  const doors = listed.split('\n').flatMap((line) => {
    const [, address = '', port = ''] = /\s([\d.]+):(\d+)\s/.exec(line) ?? [];
    return addresses.includes(address) ? [{ address, port: Number(port) }] : [];
  });
  return doors;
}
