/** record — what the owner does and agrees to, and the rights that follow, as entries of the access ledger. */
import type { Ledger, NewEntry } from '../ledger/index.ts';
import type { Permission } from './grants.ts';
import { hostsOf, type Line, type Sla } from './sla.ts';

export type Recorder = Pick<Ledger, 'record'>;

/** An agreement as it comes into force. */
export const agreementEntry = (kind: 'install' | 'replace', sla: Sla): NewEntry => ({
  ...{ kind, component: sla.name },
  facts: {
    ...{ type: sla.type, origin: sla.origin, image: sla.image },
    datasources: sla.datasources.map(({ clientid, href, agreed }) => ({ clientid, href, agreed })),
    destinations: sla.manifest['export-whitelist'].map(({ url }) => url),
    hosts: hostsOf(sla.manifest),
  },
});

/** One line of an agreement, taken back or given back. */
export function lineEntry(component: string, line: Line, revoked: boolean): NewEntry {
  const [[what = '', path = ''] = []] = Object.entries<string>(line);
  return { kind: 'agreement', component, path, facts: { line: what, revoked } };
}

export const rightEntry = (kind: 'grant' | 'revoke', component: string, { route, caveats }: Permission): NewEntry => ({
  ...{ kind, component, target: route.target, path: route.path },
  facts: { method: route.method, caveats },
});

/**
 * Begins to write entries down; resolves when all are on disk. Whoever gives something waits for that first. Whoever takes
 * something away waits for it last: a disk that hangs must not keep a right alive.
 */
export function begin({ record }: Recorder, entries: readonly NewEntry[]): Promise<unknown> {
  const all = Promise.all(entries.map(record));
  // Until it is awaited it is nobody's failure.
  all.catch(() => {});
  return all;
}
