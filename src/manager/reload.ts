/** reload — from what is on disk to what runs, at start: first whatever must not be there, then drivers, then apps. */
import { storeName } from '../base/names.ts';
import { newComponent } from './components.ts';
import { findContainers } from './containers.ts';
import { hasStore } from './grants.ts';
import { start, type Core } from './lifecycle.ts';
import { leftovers, stages } from './plan.ts';
import { erase, registerService } from './raise.ts';
import type { Intent } from './sql.ts';

export async function reload(core: Core): Promise<void> {
  const { arbiter, outbox, records, services, components, lane } = core;
  const flushed = core.config['manager.flush-slas'];
  if (flushed) for (const { name } of records.slas()) records.intend({ name, what: 'uninstall', data: 'keep' });
  for (const intent of records.intents()) await finish(core, intent);
  const unfinished = new Set(records.intents().map(({ name }) => name));
  const agreed = records.slas().filter(({ name }) => !unfinished.has(name));
  for (const sla of agreed) components.set(sla.name, newComponent(sla, 'starting'));
  await sweep(core);
  await services.serve('arbiter', arbiter.handler);
  registerService(arbiter, 'export-service', 'system');
  await services.serve('export-service', outbox.handler);
  for (const stage of stages([...components.values()].map(({ sla }) => sla))) {
    await Promise.all(
      stage.map(({ name }) =>
        lane(name, async () => {
          const component = components.get(name);
          if (component) await start(core, component);
        }),
      ),
    );
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
    core.log.warn({ component: name, what }, 'unfinished work undone');
  } catch (err) {
    core.log.error({ err, component: name, what }, 'unfinished work cannot be undone; tried again at the next start');
  }
}

/** Removes whatever of ours no agreement names: containers, networks, registrations, secrets. */
async function sweep({ components, docker, network, arbiter, secrets, log }: Core): Promise<void> {
  const agreed = [...components.keys()];
  for (const { id, name } of leftovers(agreed, await findContainers(docker))) {
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
}
