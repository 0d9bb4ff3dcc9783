/**
 * reload — from what is on disk to what runs, at start: whatever must not be there goes, everything that serves is up,
 * then the components come.
 */
import { storeName } from '../base/names.ts';
import { newComponent } from './components.ts';
import { findContainers, type LeftContainer } from './containers.ts';
import { hasStore } from './grants.ts';
import { start, type Core } from './lifecycle.ts';
import { leftovers } from './plan.ts';
import { erase, openStore, registerService } from './raise.ts';
import type { Intent } from './sql.ts';

/**
 * Up to the point where the owner's doors may open: nothing runs yet that was not left running.
 * @returns what was left running, for `raiseAll`
 */
export async function reload(core: Core): Promise<LeftContainer[]> {
  const { records, components } = core;
  const flushed = core.config['manager.flush-slas'];
  if (flushed) for (const { name } of records.slas()) records.intend({ name, what: 'uninstall', data: 'keep' });
  for (const intent of records.intents()) await finish(core, intent);
  const unfinished = new Set(records.intents().map(({ name }) => name));
  const agreed = records.slas().filter(({ name }) => !unfinished.has(name));
  for (const sla of agreed) components.set(sla.name, newComponent(sla, 'starting'));
  const left = await sweep(core);
  await serveAll(core);
  return left;
}

/** Every store, before anybody: an app’s agreement is about datasources of others. */
async function serveAll(core: Core): Promise<void> {
  const { arbiter, outbox, services, components } = core;
  registerService(arbiter, 'export-service', 'system');
  const owners = [...components.values()].filter(({ sla }) => hasStore(sla));
  await Promise.all([
    services.serve('arbiter', arbiter.handler),
    services.serve('export-service', outbox.handler),
    // A store that cannot be opened is its component's trouble alone, who is told when it starts.
    ...owners.map(({ sla }) => openStore(core, sla.name).catch(core.ignore)),
  ]);
}

/**
 * Brings up everything that is agreed, all at once: what they do is mostly to wait for the engine. The owner need not
 * wait, least of all for an image that has to be fetched.
 */
export function raiseAll(core: Core, left: readonly LeftContainer[]): void {
  for (const component of core.components.values()) {
    const { name } = component.sla;
    const isMeant = () => core.components.get(name) === component && component.desired === 'running';
    void core.lane(name, async () => (isMeant() ? start(core, component, left) : undefined)).catch(core.ignore);
  }
}

/** What could not be undone while the engine was away: the rest of installs and uninstalls. */
export function finishLater(core: Core): void {
  for (const intent of core.records.intents()) {
    const { name } = intent;
    void core
      .lane(name, async () => {
        const isOpen = core.records.intents().some((one) => one.name === name);
        if (isOpen && !core.components.has(name)) await finish(core, intent);
      })
      .catch(core.ignore);
  }
}

/** Takes away what a kill left half done. What resists keeps its row for the next start, and has no rights meanwhile. */
async function finish(core: Core, { name, data, what }: Intent): Promise<void> {
  try {
    await erase(core, { name, data, dependents: () => Promise.resolve() });
    core.records.forget(name, data);
    await core.ledger.record({ kind: 'uninstall', component: name, facts: { data, undone: what } });
    core.log.warn({ component: name, what }, 'unfinished work undone');
  } catch (err) {
    core.log.error({ err, component: name, what }, 'unfinished work cannot be undone; tried again at the next start');
  }
}

/** Removes whatever of ours no agreement names: containers, networks, registrations, secrets. */
async function sweep({ components, docker, network, arbiter, secrets, log }: Core): Promise<LeftContainer[]> {
  const agreed = [...components.keys()];
  const found = await findContainers(docker);
  for (const { id, name } of leftovers(agreed, found)) {
    log.warn({ container: name }, 'leftover container removed');
    await docker.remove(id).catch((err: unknown) => log.error({ err, container: name }, 'leftover container stays'));
  }
  for (const { name } of (await network.view()).components) {
    if (!components.has(name)) await network.removeComponent(name);
  }
  const own = [...components.values()].filter(({ sla }) => hasStore(sla)).map(({ sla }) => storeName(sla.name));
  const known = new Set([...agreed, ...own]);
  for (const { name, type } of arbiter.components()) {
    if (type !== 'system' && !known.has(name)) arbiter.remove(name);
  }
  for (const name of secrets.names()) if (!components.has(name)) secrets.remove(name);
  return found;
}
