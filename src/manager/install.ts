/** install — the owner's changes: a component comes wholly or not at all, and goes wholly, whenever we are killed. */
import { canonicalDestination } from '../base/destinations.ts';
import { Failure } from '../base/errors.ts';
import { componentOf, keptComponentOf, newComponent, type Component } from './components.ts';
import { removeContainers } from './containers.ts';
import type { InstallRequest, Progress } from './face.ts';
import { interrupt, interruptible, refuseRemoved } from './interrupt.ts';
import { refuseForeign } from './kept.ts';
import { bring, fillIn, settle, start, withdraw, type Core } from './lifecycle.ts';
import { obtainImage } from './pull.ts';
import { agreementEntry, begin, lineEntry } from './record.ts';
import { erase } from './raise.ts';
import { referencesOf, terms } from './review.ts';
import { pendingOf, withLine, type Line, type Sla } from './sla.ts';
import { takeAll } from './steps.ts';

/** @throws Failure `component.exists`, `store.kept`, and as `terms` */
export async function check(core: Core, request: InstallRequest): Promise<Sla> {
  const sla = await terms(core, request);
  refuseTaken(core, sla);
  return sla;
}

function refuseTaken({ components, records }: Core, sla: Sla): void {
  const { name } = sla;
  if (components.has(name)) throw new Failure('component.exists', `${name} is installed already`, { name });
  refuseForeign(sla, records);
}

export async function install(core: Core, request: InstallRequest, progress: Progress): Promise<void> {
  const sla = await terms(core, request);
  await core.lane(sla.name, async () => {
    refuseTaken(core, sla);
    const component = newComponent(sla, 'preparing');
    core.components.set(sla.name, component);
    try {
      await installNow(core, component, progress);
    } catch (err) {
      core.components.delete(sla.name);
      core.log.warn({ err, component: sla.name }, 'install failed');
      throw err;
    }
  });
}

/**
 * From the intent on, a kill leaves a row that makes the next start take everything away again; the commit of the
 * agreement ends it. An image that was pulled stays: it is the engine's cache.
 */
async function installNow(core: Core, component: Component, progress: Progress): Promise<void> {
  const { name } = component.sla;
  const references = referencesOf(core.config, component.sla.manifest);
  progress({ step: 'image', message: `Image ${references[0]}` });
  const onLine = (message: string) => progress({ step: 'image', message });
  const image = await interruptible(component, core.signal, (signal) =>
    obtainImage(core.docker, references, { arch: core.arch, signal, onLine }),
  );
  component.sla = { ...component.sla, image: { reference: image.reference, id: image.id } };
  const data = core.records.keptFrom(name) === undefined ? 'delete' : 'keep';
  core.records.intend({ name, what: 'install', data });
  try {
    await fillIn(core, component);
    await core.ledger.record(agreementEntry('install', component.sla));
    const pending = pendingOf(component.sla);
    if (pending.length === 0) await bring(core, component, { image, progress: unlessRemoved(component, progress) });
    refuseRemoved(component);
    core.records.save(component.sla);
    if (pending.length > 0) {
      component.state = 'waiting';
      progress({ step: 'waiting', message: `Waits for ${pending.join(', ')}` });
    }
  } catch (err) {
    component.container = undefined;
    await goneAgain(core, name, data);
    throw err;
  }
}

/** An uninstall ends an install between any two of its steps. */
const unlessRemoved =
  (component: Component, progress: Progress): Progress =>
  (step) => {
    refuseRemoved(component);
    progress(step);
  };

async function goneAgain(core: Core, name: string, data: 'keep' | 'delete'): Promise<void> {
  try {
    await erase(core, { name, data, dependents: (store) => withdraw(core, store) });
    core.records.forget(name, data);
    await core.ledger.record({ kind: 'uninstall', component: name, facts: { data, undone: 'install' } });
  } catch (err) {
    core.log.error({ err, component: name }, 'a failed install could not be undone; the next start goes on with it');
  }
}

/**
 * Ends what is under way with the component before it takes its turn: an image may take half an hour. Of one that is not
 * installed, what an earlier uninstall kept may still be deleted.
 */
export async function uninstall(core: Core, name: string, data: 'keep' | 'delete'): Promise<void> {
  const isKept = () => data === 'delete' && core.records.keptFrom(name) !== undefined;
  if (core.components.has(name) || !isKept()) interrupt(componentOf(core.components, name));
  await core.lane(name, async () => {
    const component = core.components.get(name);
    // Without one: its install left nothing, or it was uninstalled before.
    if (!component) return isKept() ? remove(core, name, data) : undefined;
    clearTimeout(component.timer);
    Object.assign(component, { container: undefined, place: undefined, state: 'shutdown', desired: 'shutdown' });
    try {
      await remove(core, name, data);
    } catch (err) {
      component.error = `it cannot be removed: ${(err as Error).message}; uninstall it again`;
      throw err;
    }
    core.components.delete(name);
  });
}

/** A kill after the intent ends with it gone too. What cannot be written down goes all the same. */
async function remove(core: Core, name: string, data: 'keep' | 'delete'): Promise<void> {
  try {
    core.records.intend({ name, what: 'uninstall', data });
  } catch (err) {
    core.log.error({ err, component: name }, 'an uninstall cannot be written down before it begins');
  }
  const onRecord = begin(core.ledger, [{ kind: 'uninstall', component: name, facts: { data } }]);
  await erase(core, { name, data, dependents: (store) => withdraw(core, store) });
  core.records.forget(name, data);
  await onRecord;
  core.log.info({ component: name, data }, 'component uninstalled');
}

export async function restart(core: Core, name: string): Promise<void> {
  await core.lane(name, async () => {
    const component = keptComponentOf(core.components, name);
    await halt(core, component);
    await startAgain(core, component);
  });
}

/** Its container goes; earlier crashes are forgotten. */
export async function halt(core: Core, component: Component): Promise<void> {
  Object.assign(component, { container: undefined, restarts: 0 });
  await interruptible(component, core.signal, () => removeContainers(core, component.sla.name));
}

/** @throws Failure `docker.failed` when it cannot be started; it is tried again all the same */
export async function startAgain(core: Core, component: Component): Promise<void> {
  await start(core, component);
  refuseRemoved(component);
  if (component.state === 'failed') throw new Failure('docker.failed', component.error ?? 'it cannot be started');
}

type Change = { line: Line; revoked: boolean };

/** In its turn, or at once while the component does what takes long: that reads its agreement afterwards. */
export async function change(core: Core, name: string, o: Change): Promise<void> {
  const work = () => changeNow(core, keptComponentOf(core.components, name), o);
  await (core.components.get(name)?.interrupt ? work() : core.lane(name, work));
  core.log.info({ component: name, line: o.line, revoked: o.revoked }, 'agreement changed');
}

/**
 * Saved first: a kill in between must not bring back what was taken. What cannot be saved is taken all the same, until
 * the next start; the owner is told. What is being installed is saved by its install, or goes with it.
 */
async function changeNow(core: Core, component: Component, { line, revoked }: Change): Promise<void> {
  // Only what there is is put on record.
  const { name } = withLine(component.sla, line, revoked);
  const own = Symbol('change');
  component.changes.set(JSON.stringify(line), own);
  const onRecord = begin(core.ledger, [lineEntry(name, line, revoked)]);
  if (!revoked) {
    await onRecord;
    keptComponentOf(core.components, name);
    // What was asked after it counts, and did not wait for it.
    if (component.changes.get(JSON.stringify(line)) !== own) return;
  }
  const sla = withLine(component.sla, line, revoked);
  const save = () => component.state === 'preparing' || core.records.save(sla);
  if (!revoked) save();
  // No turn of others between the agreement read and replaced: this may not be the only change under way.
  component.sla = sla;
  const inForce = () => settle(core, component);
  if (revoked) await takeAll([save, inForce, () => forgetExports(core, sla.name, line), () => onRecord]);
  else await inForce();
}

function forgetExports({ outbox }: Core, name: string, line: Line): void {
  if ('destination' in line) outbox.forget(name, canonicalDestination(line.destination) ?? line.destination);
}
