/** grants — what follows from an agreement: permissions at the arbiter and peers in the network. Pure. */
import { canonicalDestination } from '../base/destinations.ts';
import type { Caveat, Route } from '../arbiter/index.ts';
import { sampleIntervalOf } from '../base/granularity.ts';
import { storeName, type HypercatItem, type Method } from '../base/names.ts';
import type { Peer } from '../network/index.ts';
import { datasourceOf, type Use } from './items.ts';
import { faultOf, type DatasourceLine, type Sla } from './sla.ts';

export type Permission = { route: Route; caveats: readonly Caveat[] };
export type Rights = { permissions: Permission[]; peers: Peer[] };

export const hasStore = ({ manifest }: Pick<Sla, 'manifest'>): boolean =>
  (manifest['resource-requirements'].store ?? '') !== '';

/**
 * Everything a component may do now. A chosen datasource counts while its item is registered: when its driver is gone
 * there is neither a permission nor a name for its store, and both come back with it.
 * @param catalogue items of our own open stores
 */
export function rightsOf(sla: Sla, catalogue: readonly HypercatItem[]): Rights {
  const lines = sla.type === 'app' ? linesInForce(sla, catalogue) : [];
  const stores = new Set(lines.flatMap(({ href }) => datasourceOf(href)?.store ?? []));
  if (hasStore(sla)) stores.add(storeName(sla.name));
  return {
    permissions: unique([
      ...ownStore(sla),
      ...lines.flatMap((line) => permissionsOf(line, finestOf(sla, line))),
      ...exportsOf(sla),
    ]),
    peers: [
      { kind: 'service', name: 'arbiter' },
      ...(sla.type === 'app' ? [{ kind: 'service' as const, name: 'export-service' }] : []),
      ...[...stores].map((name) => ({ kind: 'service' as const, name })),
      ...externalsOf(sla),
    ],
  };
}

/** Lines that are agreed, not taken back, and whose item is registered and still of the agreed type. */
function linesInForce(sla: Sla, catalogue: readonly HypercatItem[]): DatasourceLine[] {
  const byHref = new Map(catalogue.map((item) => [item.href, item]));
  return sla.datasources.filter((line) => {
    const item = byHref.get(line.href);
    return line.item !== null && !line.revoked && item !== undefined && faultOf(line, item) === undefined;
  });
}

/** Hrefs of chosen, not revoked datasources that are not in force now: never registered, or their driver is gone. */
export function missingOf(sla: Sla, catalogue: readonly HypercatItem[]): string[] {
  const inForce = new Set(linesInForce(sla, catalogue).map(({ href }) => href));
  return sla.datasources.filter(({ href, revoked }) => !revoked && !inForce.has(href)).map(({ href }) => href);
}

const uses: Record<Use, (path: string, name: string) => [Method, string][]> = {
  read: (path) => [
    ['GET', path],
    ['GET', `${path}/*`],
  ],
  control: (path) => [
    ['POST', `${path}/*`],
    ['POST', path],
    ['GET', path],
    ['GET', `${path}/*`],
  ],
  call: (_path, name) => [
    ['POST', `/notification/request/${name}/*`],
    ['GET', `/notification/response/${name}/*`],
  ],
};

/** Ms of the shortest bucket that the agreement lets the app see of a datasource; null when it sees every entry. */
export function finestOf({ manifest }: Pick<Sla, 'manifest'>, { clientid }: { clientid: string }): number | null {
  const asked = manifest.datasources.find((datasource) => datasource.clientid === clientid);
  return asked ? sampleIntervalOf(asked.granularities) : null;
}

/** @param everyMs reads are of aggregates over so many ms or a multiple, never of single entries or their coming */
function permissionsOf({ href, name, agreed }: DatasourceLine, everyMs: number | null): Permission[] {
  const datasource = datasourceOf(href);
  if (!datasource) return [];
  const { store: target, path } = datasource;
  return uses[agreed](path, name).flatMap(([method, route]): Permission[] => {
    const permission = { route: { method, path: route, target }, caveats: [] };
    if (everyMs === null || agreed === 'call' || method !== 'GET') return [permission];
    return route === path ? [] : [{ ...permission, caveats: [{ 'minimum-sample-interval': everyMs }] }];
  });
}

function ownStore(sla: Sla): Permission[] {
  if (!hasStore(sla)) return [];
  const target = storeName(sla.name);
  return (['GET', 'POST', 'DELETE'] as const).map((method) => ({ route: { method, path: '/*', target }, caveats: [] }));
}

/** One grant a destination, each with its caveat: a token without a destination, or with another one, fits none. */
function exportsOf(sla: Sla): Permission[] {
  if (sla.type !== 'app') return [];
  // What was taken back is the place, in whatever spelling another line names it.
  const revoked = new Set(sla.revoked.destinations.map(canonicalDestination));
  return sla.manifest['export-whitelist'].flatMap(({ url }) => {
    const destination = canonicalDestination(url);
    if (destination === undefined || revoked.has(destination)) return [];
    return ['/export', '/lp/export'].map((path) => ({
      route: { method: 'POST' as const, path, target: 'export-service' },
      caveats: [{ destination }],
    }));
  });
}

const standardPorts: Record<string, number> = { 'https:': 443, 'wss:': 443, 'http:': 80, 'ws:': 80 };

/** Hosts of a driver's whitelist, each with the ports its URLs name and no others. An app has none. */
function externalsOf(sla: Sla): Peer[] {
  if (sla.type !== 'driver') return [];
  const hosts = new Map<string, { ports: Set<number>; local: boolean }>();
  for (const { urls, local } of sla.manifest['external-whitelist']) {
    for (const { hostname, port, protocol } of urls.map((url) => new URL(url))) {
      const host = hosts.get(hostname) ?? { ports: new Set(), local: false };
      const pinned = port === '' ? standardPorts[protocol] : Number(port);
      if (pinned !== undefined) host.ports.add(pinned);
      hosts.set(hostname, { ...host, local: host.local || local });
    }
  }
  return [...hosts]
    .filter(([host, { ports }]) => ports.size > 0 && !sla.revoked.hosts.includes(host))
    .map(([host, { ports, local }]) => ({
      kind: 'external',
      host,
      ports: [...ports].map((port) => ({ protocol: 'tcp', port })),
      ...(local && { local }),
    }));
}

export const keyOf = ({ route, caveats }: Permission): string =>
  JSON.stringify([route.method, route.target, route.path, caveats]);
const unique = (permissions: readonly Permission[]): Permission[] => [
  ...new Map(permissions.map((permission) => [keyOf(permission), permission])).values(),
];
