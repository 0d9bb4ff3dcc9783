/** successor — the agreement that follows another one when a component is replaced. Pure. */
import type { Manifest } from '../appstore/index.ts';
import { Failure } from '../base/errors.ts';
import { hasStore } from './grants.ts';
import { whence } from './kept.ts';
import { hostsOf, type Choices, type DatasourceLine, type Sla } from './sla.ts';

/** What the owner chose earlier, of that for which the manifest still asks. */
export function choicesKept({ datasources }: Sla, manifest: Manifest): Choices {
  const asked = new Map(manifest.datasources.map(({ clientid, type }) => [clientid, type]));
  const kept: Record<string, string[]> = {};
  for (const { clientid, type, href } of datasources) {
    if (asked.get(clientid) === type) (kept[clientid] ??= []).push(href);
  }
  return kept;
}

/**
 * `next` in the place of `earlier`: lines that stand in both are as they were, and what the owner took back stays so.
 * @throws Failure `component.exists` when data would come into other hands, or would be left without an owner
 */
export function successor(earlier: Sla, next: Sla): Sla {
  const fault = faultOf(earlier, next);
  if (fault !== undefined) {
    const { name } = earlier;
    throw new Failure('component.exists', `${name} ${fault}: uninstall it first`, { name, origin: earlier.origin });
  }
  const { destinations, hosts } = earlier.revoked;
  const asked = { urls: next.manifest['export-whitelist'].map(({ url }) => url), hosts: hostsOf(next.manifest) };
  return {
    ...next,
    datasources: next.datasources.map((line) => lineAfter(earlier, line)),
    revoked: {
      destinations: destinations.filter((url) => asked.urls.includes(url)),
      hosts: hosts.filter((host) => asked.hosts.includes(host)),
    },
  };
}

function lineAfter({ datasources }: Sla, line: DatasourceLine): DatasourceLine {
  const isSame = (other: DatasourceLine) =>
    (['clientid', 'name', 'type', 'href'] as const).every((member) => other[member] === line[member]);
  const same = datasources.find(isSame);
  const revoked = datasources.some(({ clientid, revoked: taken }) => taken && clientid === line.clientid);
  return same ?? { ...line, revoked };
}

function faultOf(earlier: Sla, next: Sla): string | undefined {
  if (earlier.origin !== next.origin) {
    return `was installed from ${whence(earlier.origin)}, and this one is from ${whence(next.origin)}`;
  }
  if (earlier.type !== next.type) return `is installed as ${earlier.type}, and this one is of type ${next.type}`;
  return hasStore(earlier) && !hasStore(next) ? 'has a store, and this one wants none' : undefined;
}
