/** accounts — what a store tells the ledger: who used which datasource, who moved something, who was refused. */
import { relOf, storeName, type HypercatItem } from '../base/names.ts';
import type { OnRefused } from '../base/refusals.ts';
import type { Deed, Use } from '../base/uses.ts';

export type StoreLedger = {
  /** Must cost nothing: it is called for every use, before it is answered. */
  count(use: Use): void;
  /** Resolves when it is on disk. @throws Failure `ledger.unavailable`: then it must not happen */
  actuated(deed: Deed): Promise<void>;
  refused: OnRefused;
};

/** A component that uses a path of a store. */
export type User = { component: string; path: string };

export type Accounts = {
  /** Once for each request, and for each event that an observer is told. */
  wrote(user: User, bytes: number): void;
  read(user: User, bytes: number): void;
  /** All that the store has. */
  tookAll(component: string, bytes: number): void;
  /** Whether a write moves something in the house: by another component than the store's, or to an actuator. */
  isActuation(user: User): boolean;
  registered(item: HypercatItem): void;
};

const datasource = /^\/(ts\/blob|ts|kv|notification\/request)\/([^/]+)/;
const answer = /^\/notification\/response\//;

/**
 * The datasources that a path is about, as catalogues name them: `/ts/a,b/latest` gives `/ts/a` and `/ts/b`; what answers a
 * function is about the function. The catalogue stands for itself; whether a store is up and what time it is are nobody's data.
 */
export function datasourcesOf(path: string): string[] {
  const [, kind, ids] = datasource.exec(path.replace(answer, '/notification/request/')) ?? [];
  if (kind === undefined || ids === undefined) return path === '/cat' ? [path] : [];
  if (!ids.includes(',')) return [`/${kind}/${ids}`];
  return ids.split(',').map((id) => `/${kind}/${id}`);
}

/** @param items of the catalogue as it is when the store opens */
export function createAccounts(
  store: string,
  ledger: StoreLedger | undefined,
  items: readonly HypercatItem[],
): Accounts {
  const actuators = new Set<string>();
  const registered = (item: HypercatItem): void => {
    const { path } = partsOf(item.href);
    if (isActuator(item)) actuators.add(path);
    else actuators.delete(path);
  };
  items.toReversed().forEach(registered);
  return {
    registered,
    wrote({ component, path }, writtenBytes) {
      if (!ledger) return;
      // A DELETE may name several, as a read does.
      for (const one of datasourcesOf(path)) {
        ledger.count({ component, store, datasource: one, writes: 1, writtenBytes });
      }
    },
    read({ component, path }, bytes) {
      if (!ledger) return;
      const all = datasourcesOf(path);
      // The answer to a question about several is shared out: what is counted adds up to what was sent.
      const [share, rest] = [Math.floor(bytes / all.length), bytes % all.length];
      for (const [at, one] of all.entries()) {
        ledger.count({ component, store, datasource: one, reads: 1, readBytes: share + (at === 0 ? rest : 0) });
      }
    },
    tookAll: (component, readBytes) => ledger?.count({ component, store, datasource: '*', reads: 1, readBytes }),
    isActuation: ({ component, path }) =>
      storeName(component) !== store || datasourcesOf(path).some((one) => actuators.has(one)),
  };
}

const partsOf = (href: string): { path: string } => ({ path: href.replace(/^[a-z]+:\/\/[^/]*/, '') });
/** Clients write flags as `true` or as text in any case. */
const isActuator = (item: HypercatItem): boolean =>
  String(relOf(item, 'urn:X-databox:rels:isActuator')).toLowerCase() === 'true';
