/** asks — what a manifest asks for, in plain words for the owner, and how much it risks. Pure. */
import type { Manifest } from '../appstore/index.ts';
import { sampleIntervalOf } from '../base/granularity.ts';
import { componentOfStore, storeName, type HypercatItem } from '../base/names.ts';
import type { Ask } from './face.ts';
import { hasStore } from './grants.ts';
import { datasourceOf, descriptionOf, typeOf, useOf, type Use } from './items.ts';
import { whence } from './kept.ts';
import { hostsOf, type Choices } from './sla.ts';

type Datasource = Manifest['datasources'][number];

/** Items of our own stores that a datasource may be given, in the catalogue's order. */
export const candidatesOf = (datasource: Datasource, catalogue: readonly HypercatItem[]): HypercatItem[] =>
  catalogue.filter((item) => typeOf(item) === datasource.type && datasourceOf(item.href) !== undefined);

export type Proposal = {
  manifest: Manifest;
  /** Items of our own stores. */
  catalogue: readonly HypercatItem[];
  /** What the poster chose; where nothing is, every candidate counts. */
  choices: Choices;
  /** Its store holds data of an earlier install, which it gets. */
  inherits?: boolean;
};

/**
 * One sentence per thing that an install would permit.
 * @param origin repository address or folder, or `owner`
 */
export function asksOf(proposal: Proposal, origin: string): Ask[] {
  const { manifest, inherits = false } = proposal;
  const own = storeName(manifest.name);
  return [
    ...manifest.datasources.map((datasource) => askOf(datasource, chosenOf(proposal, datasource))),
    ...manifest['export-whitelist'].map(({ url, description }) =>
      ask('export', url, `May send data to ${url}${because(description)}`),
    ),
    ...manifest['external-whitelist'].map(({ urls, local, description }) =>
      ask(
        local ? 'local' : 'external',
        urls.join(' '),
        `May talk to ${urls.join(', ')}${local ? ', in your home network' : ''}${because(description)}`,
      ),
    ),
    ...(hasStore({ manifest }) ? [ask('store', own, 'Keeps data of its own on this box.')] : []),
    ...(inherits ? [ask('store', own, `Gets the data that ${manifest.name} from ${whence(origin)} left here.`)] : []),
    ...manifest.packages.map((one) =>
      ask('package', one.name, [one.name, one.purpose, one.benefits, one.risks].filter(Boolean).join(' — ')),
    ),
    ask(
      'origin',
      origin,
      origin === 'owner'
        ? 'Was uploaded by you: no repository vouches for it.'
        : `Comes from ${origin}, written by ${manifest.author || 'an unnamed author'}.`,
    ),
  ];
}

/** The items the poster chose, or everything that could be. */
function chosenOf({ catalogue, choices }: Proposal, datasource: Datasource): HypercatItem[] {
  const candidates = candidatesOf(datasource, catalogue);
  const hrefs = Object.hasOwn(choices, datasource.clientid) ? [choices[datasource.clientid] ?? []].flat() : [];
  return hrefs.length === 0 ? candidates : candidates.filter(({ href }) => hrefs.includes(href));
}

const verbs: Record<Use, string> = { read: 'May read', control: 'May read and control', call: 'May call' };

function askOf(datasource: Datasource, items: readonly HypercatItem[]): Ask {
  const { clientid, name, type, required } = datasource;
  const uses = items.map(useOf);
  const use = uses.includes('control') ? 'control' : uses.includes('call') ? 'call' : 'read';
  const [only] = items.length === 1 ? items : [];
  const of = only ? ` of ${componentOfStore(datasourceOf(only.href)?.store ?? '')}` : '';
  const what = (only && descriptionOf(only)) ?? (name || type);
  const optional = required ? '' : ', if you choose one';
  const everyMs = use === 'call' ? null : sampleIntervalOf(datasource.granularities);
  const coarse = everyMs === null ? '' : `, only as averages and the like over ${duration(everyMs)} or more`;
  return ask(use, clientid, `${verbs[use]} ${what} (${type})${of}${coarse}${optional}.`);
}

const units: [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];
/** In the largest unit that says it exactly. */
function duration(ms: number): string {
  const [unit, length] = units.find(([, length]) => ms % length === 0) ?? ['ms', 1];
  return `${ms / length} ${unit}${ms === length || unit === 'ms' ? '' : 's'}`;
}

const ask = (kind: Ask['kind'], detail: string, sentence: string): Ask => ({ kind, detail, sentence });
const because = (description: string): string => (description === '' ? '.' : `: ${description}`);

/** Scores of the original's SDK, the only upstream model: what a kind of data reveals if it is misused. */
const revealing: [RegExp, number][] = [
  [/^(loadavg|freemem|cpu|uptime)/i, 1],
  [/bulb.*(state|on)|^bulb-on/i, 2],
  [/bulb/i, 1],
  [/tweet|twitter/i, 2],
  [/accelerometer|gyroscope|magnetometer|motion|battery|bluetooth|beacon|light$/i, 2],
  [/^set-|switch|plug/i, 4],
];
const unknownRisk = 5;

/** 0 to 5: the highest score of anything it asks for. Never taken from the manifest's own words. */
export function riskOf(proposal: Proposal): number {
  const { manifest } = proposal;
  const types = [...manifest.datasources, ...manifest.provides.map((one) => ({ type: one['data-source-type'] }))];
  return Math.max(
    0,
    ...types.map(({ type }) => revealing.find(([kind]) => kind.test(type))?.[1] ?? unknownRisk),
    ...manifest.datasources.flatMap((datasource) =>
      chosenOf(proposal, datasource).map((item) => (useOf(item) === 'read' ? 0 : 4)),
    ),
    ...(manifest['export-whitelist'].length > 0 || hostsOf(manifest).length > 0 ? [5] : []),
  );
}
