import { unknownGranularities } from '../base/granularity.ts';
import type { Manifest } from './schema.ts';

const semver = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const storeTypes = ['kv', 'ts', 'ts/blob', 'notification/request'];
/** Fields of older releases: read by nobody, granting nothing. */
const legacy = [
  'allowed-combinations',
  'network-permissions',
  'hardware-permissions',
  'volumes',
  'providedDataTypes',
] as const;
const known = new Set<string>([
  ...['manifest-version', 'name', 'databox-type', 'version', 'description', 'author', 'license', 'tags', 'homepage'],
  ...['repository', 'docker-image', 'docker-registry', 'docker-image-tag', 'displayName', 'storeUrl', 'datasources'],
  ...['export-whitelist', 'external-whitelist', 'resource-requirements', 'provides', 'packages', ...legacy],
]);
const knownOfDatasource = new Set(
  'type clientid name required granularities min max allow-notification-of-new-sources hypercat'.split(' '),
);

const duplicates = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
];
const isEmpty = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0);

/** What is wrong between fields, each as a sentence that begins with the field. `[]` when the manifest stands. */
export function faultsOf(manifest: Manifest): string[] {
  const isApp = manifest['databox-type'] === 'app';
  const misplaced = (isApp ? ['external-whitelist', 'provides'] : ['datasources', 'export-whitelist']) as (
    'datasources' | 'provides'
  )[];
  return [
    ...misplaced
      .filter((field) => manifest[field].length > 0)
      .map((field) => `${field}: only ${isApp ? 'a driver' : 'an app'} may have it`),
    ...duplicates(manifest.datasources.map(({ clientid }) => clientid)).map(
      (id) => `datasources: the clientid ${id} is used twice`,
    ),
    ...duplicates(manifest.provides.map((provided) => provided['data-source-type'])).map(
      (type) => `provides: the type ${type} is listed twice`,
    ),
    ...manifest.datasources.flatMap(({ clientid, min, max }) =>
      max !== -1 && max < min ? [`datasources: ${clientid} has max ${max} below min ${min}`] : [],
    ),
    ...clashingVariables(manifest),
  ];
}

/** The second item of `A` is told to the app as DATASOURCE_A_2: no other clientid may claim that variable. */
function clashingVariables({ datasources }: Manifest): string[] {
  return datasources.flatMap(({ clientid, max }) =>
    datasources.flatMap((other) => {
      const rest = other.clientid.startsWith(`${clientid}_`) ? other.clientid.slice(clientid.length + 1) : '';
      if (!/^[1-9]\d*$/.test(rest) || Number(rest) < 2 || (max !== -1 && Number(rest) > max)) return [];
      return [`datasources: the clientid ${other.clientid} is also the name of item ${rest} of ${clientid}`];
    }),
  );
}

/** What is sloppy but harmless, each as a sentence that begins with the field. */
export function warningsOf(manifest: Manifest): string[] {
  return [...aboutFields(manifest), ...aboutWhitelists(manifest), ...aboutLists(manifest)];
}

function aboutFields(manifest: Manifest): string[] {
  const missing = (['description', 'author', 'license'] as const).filter((field) => manifest[field] === '');
  return [
    ...(semver.test(manifest.version) ? [] : [`version: ${manifest.version} is not a semantic version`]),
    ...missing.map((field) => `${field}: is missing`),
    ...legacy
      .filter((field) => !isEmpty(manifest[field]))
      .map((field) => `${field}: is of an older release and grants nothing`),
    ...Object.keys(manifest)
      .filter((field) => !known.has(field))
      .map((field) => `${field}: is unknown and ignored`),
  ];
}

function aboutWhitelists(manifest: Manifest): string[] {
  return [
    ...manifest['export-whitelist'].flatMap(({ url, description }) => [
      ...(description === '' ? [`export-whitelist: ${url} has no description`] : []),
      ...([url, `${url}/`].includes(new URL(url).href) ? [] : [`export-whitelist: ${url} means ${new URL(url).href}`]),
    ]),
    ...manifest['external-whitelist'].flatMap(({ urls, description }) =>
      description === '' ? [`external-whitelist: ${urls[0]} has no description`] : [],
    ),
  ];
}

function aboutLists(manifest: Manifest): string[] {
  const ids = new Set(manifest.datasources.map(({ clientid }) => clientid));
  return [
    ...manifest.datasources.flatMap((datasource) =>
      Object.keys(datasource)
        .filter((field) => !knownOfDatasource.has(field))
        .map((field) => `datasources: ${datasource.clientid} has the unknown field ${field}`),
    ),
    ...manifest.datasources.flatMap((datasource) =>
      unknownGranularities(datasource.granularities).map(
        (one) =>
          `datasources: ${datasource.clientid} has the granularity ${JSON.stringify(one)}, which is ignored: only {"minimum-sample-interval": ms} is known`,
      ),
    ),
    ...manifest.provides.flatMap((provided) =>
      storeTypes.includes(provided['store-type'])
        ? []
        : [`provides: ${provided['data-source-type']} has no store-type of ${storeTypes.join(', ')}`],
    ),
    ...manifest.packages.flatMap(({ name, datastores }) =>
      datastores.filter((id) => !ids.has(id)).map((id) => `packages: ${name} names ${id}, which is no datasource`),
    ),
  ];
}
