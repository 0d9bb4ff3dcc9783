/** environment — the variables of a container, under the names that apps and drivers have always read. Pure. */
import { Failure } from '../base/errors.ts';
import { storeName, type HypercatItem } from '../base/names.ts';
import { finestOf, hasStore } from './grants.ts';
import type { Sla } from './sla.ts';

export type EnvironmentFacts = {
  /** The compatibility release; libraries take its absence for "not in a Databox". */
  release: string;
  /** The first manifest repository. */
  storeUrl: string | undefined;
};

/**
 * Variables by name, in a stable order.
 * @throws Failure `datasource.invalid` when a clientid could add or change another variable
 */
export function environmentOf(sla: Sla, { release, storeUrl }: EnvironmentFacts): Record<string, string> {
  const store = storeName(sla.name);
  return {
    DATABOX_ARBITER_ENDPOINT: 'tcp://arbiter:4444',
    DATABOX_LOCAL_NAME: sla.name,
    DATABOX_VERSION: release,
    ...(hasStore(sla) && {
      DATABOX_ZMQ_ENDPOINT: `tcp://${store}:5555`,
      DATABOX_ZMQ_DEALER_ENDPOINT: `tcp://${store}:5556`,
    }),
    ...(sla.type === 'driver' && storeUrl !== undefined && { DATABOX_STORE_URL: storeUrl }),
    ...(sla.type === 'app' && { DATABOX_EXPORT_SERVICE_ENDPOINT: 'https://export-service:8080' }),
    ...datasourcesOf(sla),
  };
}

const intervalRel = 'urn:X-databox:rels:hasMinimumSampleInterval';

/** Tells the app what its tokens must name; a driver's own word for it is nobody's. */
function withInterval(item: HypercatItem, everyMs: number | null): HypercatItem {
  const metadata = item['item-metadata'].filter(({ rel }) => rel !== intervalRel);
  const interval = everyMs === null ? [] : [{ rel: intervalRel, val: everyMs }];
  return { 'item-metadata': [...metadata, ...interval], href: item.href };
}

/** `DATASOURCE_<clientid>` holds the first chosen item as compact JSON, `DATASOURCE_<clientid>_2` the second, … */
function datasourcesOf(sla: Sla): Record<string, string> {
  const variables: Record<string, string> = {};
  const seen = new Map<string, number>();
  for (const { clientid, item } of sla.datasources) {
    const at = (seen.get(clientid) ?? 0) + 1;
    seen.set(clientid, at);
    const name = `DATASOURCE_${clientid}${at === 1 ? '' : `_${at}`}`;
    if (!/^DATASOURCE_[A-Za-z0-9_.-]+$/.test(name) || Object.hasOwn(variables, name)) {
      throw new Failure('datasource.invalid', `the variable ${JSON.stringify(name)} cannot be set`, { clientid });
    }
    if (item) variables[name] = JSON.stringify(withInterval(item, finestOf(sla, { clientid })));
  }
  return variables;
}
