/** sla — a manifest and the owner's choices become an agreement. Nothing is granted that is not a line of it. */
import { z } from 'zod';
import type { Manifest } from '../appstore/index.ts';
import { Failure } from '../base/errors.ts';
import { ComponentName, type HypercatItem } from '../base/names.ts';
import { datasourceOf, isDataPath, typeOf, useOf } from './items.ts';

const Item = z.object({ 'item-metadata': z.array(z.object({ rel: z.string(), val: z.unknown() })), href: z.string() });

/** One chosen datasource. */
const DatasourceLine = z.object({
  clientid: z.string(),
  /** The manifest's `name`: a function's name. */
  name: z.string(),
  type: z.string(),
  href: z.string(),
  /** The item as our catalogue had it when it was first seen; `null` while it is not registered yet. */
  item: Item.nullable(),
  /** The most the owner was told of; a datasource that was not there yet is only ever read. */
  agreed: z.enum(['read', 'control', 'call']),
  revoked: z.boolean(),
});
export type DatasourceLine = z.infer<typeof DatasourceLine>;

/** What the owner granted: the manifest whole, when, where it came from, and every line with its state. */
export const Sla = z.object({
  name: ComponentName,
  type: z.enum(['app', 'driver']),
  manifest: z.custom<Manifest>((value) => typeof value === 'object' && value !== null),
  /** The repository's address or folder; `owner` for a manifest that no repository has. */
  origin: z.string(),
  commit: z.string().nullable(),
  /** Ms since the Unix epoch. */
  approvedAt: z.number(),
  /** `id` names the very image that was found at install; only that one runs. */
  image: z.object({ reference: z.string(), id: z.string().nullable() }),
  datasources: z.array(DatasourceLine),
  /** Lines that the owner took back. */
  revoked: z.object({ destinations: z.array(z.string()), hosts: z.array(z.string()) }),
});
export type Sla = z.infer<typeof Sla>;

/** By clientid: the href of each chosen datasource, in the order the app sees them. Beats `hypercat` of a manifest. */
export type Choices = Record<string, string | string[]>;
/** One line of an agreement: a clientid, a URL of the export whitelist, a host of the external one. */
export type Line = { datasource: string } | { destination: string } | { host: string };

/** The hrefs that a posted manifest carries in `hypercat`. */
export const choicesOf = (manifest: Manifest): Choices =>
  Object.fromEntries(
    manifest.datasources.flatMap(({ clientid, hypercat }) =>
      hypercat && hypercat.href !== '' ? [[clientid, hypercat.href]] : [],
    ),
  );

export const withoutChoices = (manifest: Manifest): Manifest => ({
  ...manifest,
  datasources: manifest.datasources.map(({ hypercat: _chosen, ...asked }) => asked),
});

/** Members in which two manifests differ, chosen datasources aside; absent, null, '' and empty are one. */
export function differences(posted: Manifest, known: Manifest): string[] {
  const [a, b] = [withoutChoices(posted), withoutChoices(known)] as Record<string, unknown>[];
  const members = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  return [...members].filter((member) => canonical(a?.[member]) !== canonical(b?.[member])).sort();
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '' : `[${value.map((item) => canonical(item)).join()}]`;
  if (typeof value !== 'object' || value === null) return (value ?? '') === '' ? '' : JSON.stringify(value);
  const members = Object.entries(value)
    .map(([key, member]) => [key, canonical(member)] as const)
    .filter(([, text]) => text !== '');
  const text = members.sort(([x], [y]) => (x < y ? -1 : 1)).map(([key, member]) => `${JSON.stringify(key)}:${member}`);
  return text.length === 0 ? '' : `{${text.join()}}`;
}

export type Terms = {
  manifest: Manifest;
  origin: string;
  commit: string | null;
  choices: Choices;
  /** Every item of our own stores. What a caller says of a datasource is never used. */
  catalogue: readonly HypercatItem[];
  image: Sla['image'];
  now: number;
};

/**
 * The agreement that these terms make.
 * @throws Failure `datasource.invalid` for a choice that the manifest does not ask for, of another type, or of a wrong
 *   number, and for an href that is no datasource of a component's store
 */
export function agreement({ manifest, choices, catalogue, now, ...terms }: Terms): Sla {
  const asked = new Set(manifest.datasources.map(({ clientid }) => clientid));
  const stray = Object.keys(choices).find((clientid) => !asked.has(clientid));
  if (stray !== undefined) throw refuse(stray, `${manifest.name} asks for no datasource ${stray}`);
  const byHref = new Map(catalogue.map((item) => [item.href, item]));
  return {
    name: manifest.name,
    type: manifest['databox-type'],
    manifest: withoutChoices(manifest),
    ...terms,
    approvedAt: now,
    datasources: manifest.datasources.flatMap((datasource) => {
      const hrefs = [Object.hasOwn(choices, datasource.clientid) ? (choices[datasource.clientid] ?? []) : []].flat();
      checkNumber(datasource, hrefs);
      return hrefs.map((href) => lineOf(datasource, href, byHref.get(href)));
    }),
    revoked: { destinations: [], hosts: [] },
  };
}

type Asked = Manifest['datasources'][number];

function checkNumber({ clientid, required, min, max }: Asked, hrefs: readonly string[]): void {
  if (new Set(hrefs).size !== hrefs.length) throw refuse(clientid, `${clientid}: the same datasource is chosen twice`);
  if (hrefs.length === 0 && !(required && min > 0)) return;
  if (hrefs.length < min) throw refuse(clientid, `${clientid}: choose at least ${min} of its datasources`);
  if (max !== -1 && hrefs.length > max) throw refuse(clientid, `${clientid}: choose at most ${max} datasources`);
}

function lineOf({ clientid, name, type }: Asked, href: string, item: HypercatItem | undefined): DatasourceLine {
  const line = { clientid, name, type, href, item: null, agreed: 'read', revoked: false } as const;
  if (!datasourceOf(href)) throw refuse(clientid, `${clientid}: ${href} is no datasource of a component's store`);
  if (!item) return { ...line, agreed: 'read' };
  const fault = faultOf({ name, type, href, agreed: useOf(item) }, item);
  if (fault) throw refuse(clientid, `${clientid}: ${fault}`);
  return { ...line, item, agreed: useOf(item) };
}

type Standing = Pick<DatasourceLine, 'name' | 'type' | 'href' | 'agreed'>;

/** Why an item may not stand for a line, `undefined` when it may. */
export function faultOf(line: Standing, item: HypercatItem): string | undefined {
  const isCall = useOf(item) === 'call';
  if (typeOf(item) !== line.type) return `${line.href} is of type ${typeOf(item) ?? 'unknown'}, not ${line.type}`;
  if (isCall && !/^[A-Za-z0-9_.-]{1,64}$/.test(line.name)) return `${line.name} is no function name`;
  if ((!isCall || line.agreed !== 'call') && !isDataPath(datasourceOf(line.href)?.path ?? '')) {
    return `${line.href} names no single datasource`;
  }
  return undefined;
}

/** The agreement with every pending line that this item fits filled in; the same object when it fits none. */
export function withItem(sla: Sla, item: HypercatItem): Sla {
  const fits = (line: DatasourceLine) => line.item === null && line.href === item.href && !faultOf(line, item);
  if (!sla.datasources.some(fits)) return sla;
  return { ...sla, datasources: sla.datasources.map((line) => (fits(line) ? { ...line, item } : line)) };
}

/** Hrefs of chosen datasources that were never registered. */
export const pendingOf = (sla: Sla): string[] =>
  sla.datasources.filter(({ item }) => item === null).map(({ href }) => href);

/**
 * The agreement with one line taken back or given back.
 * @throws Failure `datasource.unknown` when it has no such line
 */
export function withLine(sla: Sla, line: Line, revoked: boolean): Sla {
  const listed = (list: readonly string[], member: string) =>
    revoked ? [...new Set([...list, member])] : list.filter((other) => other !== member);
  if ('datasource' in line) {
    const { datasource: id } = line;
    if (!sla.datasources.some(({ clientid }) => clientid === id)) throw unknown(sla, id);
    const datasources = sla.datasources.map((one) => (one.clientid === id ? { ...one, revoked } : one));
    return { ...sla, datasources };
  }
  if ('destination' in line) {
    const { destination } = line;
    if (!sla.manifest['export-whitelist'].some(({ url }) => url === destination)) throw unknown(sla, destination);
    return { ...sla, revoked: { ...sla.revoked, destinations: listed(sla.revoked.destinations, destination) } };
  }
  const host = line.host.toLowerCase();
  if (!hostsOf(sla.manifest).includes(host)) throw unknown(sla, host);
  return { ...sla, revoked: { ...sla.revoked, hosts: listed(sla.revoked.hosts, host) } };
}

/** Host names of the external whitelist, lower case. */
export const hostsOf = (manifest: Manifest): string[] => [
  ...new Set(manifest['external-whitelist'].flatMap(({ urls }) => urls.map((url) => new URL(url).hostname))),
];

const unknown = (sla: Sla, line: string) =>
  new Failure('datasource.unknown', `the agreement with ${sla.name} has no line ${line}`, { name: sla.name, line });
const refuse = (clientid: string, sentence: string) => new Failure('datasource.invalid', sentence, { clientid });
