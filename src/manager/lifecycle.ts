/** lifecycle — how an installed component comes up, waits, crashes and comes up again. Callers hold its lane. */
import { Failure } from '../base/errors.ts';
import type { Lane } from '../base/lane.ts';
import type { Log } from '../base/log.ts';
import { storeName } from '../base/names.ts';
import { afterExit } from './backoff.ts';
import { dependentsOf, type Component, type Components } from './components.ts';
import type { LeftContainer } from './containers.ts';
import type { ImageFacts } from './docker.ts';
import type { Progress } from './face.ts';
import { hasStore, missingOf } from './grants.ts';
import type { Arch } from './images.ts';
import { interruptible } from './interrupt.ts';
import { agreedImage } from './pull.ts';
import { raise, type RaiseParts } from './raise.ts';
import type { Recorder } from './record.ts';
import type { ReviewParts } from './review.ts';
import { catalogueOf } from './rights.ts';
import { pendingOf, withItem } from './sla.ts';
import { reasonOf } from './supervisor.ts';

/** What the manager is made of. */
export type Core = RaiseParts &
  ReviewParts & {
    components: Components;
    ledger: Recorder;
    log: Log;
    /** Aborted on the way down: ends pulls and back-offs. */
    signal: AbortSignal;
    arch: Arch;
    /** One piece of work at a time for each component; refused on the way down. */
    lane: Lane;
    /** For work that nobody waits for. */
    ignore: (err: unknown) => void;
  };

const quiet: Progress = () => {};

/** Fills in datasources that have been registered since, durably. */
export async function fillIn({ stores, records }: Core, component: Component): Promise<void> {
  const catalogue = await catalogueOf(stores);
  const filled = catalogue.reduce(withItem, component.sla);
  if (filled !== component.sla && component.state !== 'preparing') records.save(filled);
  component.sla = filled;
  component.missing = missingOf(filled, catalogue);
}

/** Brings a component up now, or fails. Its dependents get what they agreed about its store. */
export async function bring(core: Core, component: Component, o: Bring): Promise<void> {
  const { sla } = component;
  const { id, startedAt, place } = await raise(core, { progress: quiet, ...o, sla });
  Object.assign(component, { container: { id, startedAt }, place, state: 'running', error: undefined });
  core.log.info({ component: sla.name, image: sla.image.reference, container: id }, 'component started');
  if (hasStore(sla)) for (const other of dependentsOf(core.components, storeName(sla.name))) advance(core, other);
}

type Bring = { image: ImageFacts; progress?: Progress; left?: readonly LeftContainer[] | undefined };

/** Starts an installed component if nothing is missing; if it fails, it is tried again as after a crash. */
export async function start(core: Core, component: Component, left?: readonly LeftContainer[]): Promise<void> {
  clearTimeout(component.timer);
  try {
    const image = await interruptible(component, core.signal, (signal) => prepare(core, component, signal));
    if (image) await bring(core, component, { image, left });
  } catch (err) {
    if (core.signal.aborted || component.desired === 'shutdown') return;
    core.log.warn({ err, component: component.sla.name }, 'component cannot be started');
    const isEngine = err instanceof Failure && err.code === 'docker.unavailable';
    retry(core, component, { sentence: (err as Error).message, ranMs: 0, isCounted: !isEngine });
  }
}

/** The agreed image, fetched if it has to be; `undefined` when the component must wait for its datasources. */
async function prepare(core: Core, component: Component, signal: AbortSignal): Promise<ImageFacts | undefined> {
  await fillIn(core, component);
  const isWaiting = pendingOf(component.sla).length > 0;
  component.state = isWaiting ? 'waiting' : 'starting';
  if (isWaiting) return undefined;
  const { reference, id } = component.sla.image;
  if (id === null) throw new Failure('image.invalid', `the agreement names no image: install ${reference} again`);
  return agreedImage(core.docker, { reference, id }, { arch: core.arch, signal, onLine: () => {} });
}

/** A container that should be running was seen not to. */
export function exited(core: Core, id: string): void {
  const component = [...core.components.values()].find(({ container }) => container?.id === id);
  if (!component) return;
  void core.lane(component.sla.name, () => settleExit(core, component, id)).catch(core.ignore);
}

/** By now it may have been replaced, or started again: only what is true in its lane counts. */
async function settleExit(core: Core, component: Component, id: string): Promise<void> {
  if (component.container?.id !== id) return;
  const facts = (await core.docker.containers()).find((container) => container.id === id);
  if (facts?.isRunning === true) return;
  const ranMs = Date.now() - component.container.startedAt;
  component.container = undefined;
  component.state = facts?.exitCode === 0 ? 'complete' : 'failed';
  core.log.warn({ component: component.sla.name, exitCode: facts?.exitCode, ranMs }, 'component ended');
  retry(core, component, { sentence: reasonOf(facts), ranMs, isCounted: true });
}

type Fault = { sentence: string; ranMs: number; /** False when it is no fault of the component. */ isCounted: boolean };

function retry(core: Core, component: Component, { sentence, ranMs, isCounted }: Fault): void {
  const limit = core.config['manager.restart-limit'];
  const next = isCounted
    ? afterExit(component.restarts, ranMs, limit)
    : { restarts: component.restarts, delayMs: 5_000 };
  component.restarts = next.restarts;
  component.error = sentence;
  if (component.state !== 'complete') component.state = 'failed';
  if (next.delayMs === undefined) {
    component.state = 'failed';
    component.error = `${sentence}; ${next.restarts} times in a row, so it is left stopped: restart it when repaired`;
    core.log.error({ component: component.sla.name, restarts: next.restarts }, 'component given up');
    return;
  }
  component.timer = setTimeout(() => void again(core, component), next.delayMs).unref();
}

async function again(core: Core, component: Component): Promise<void> {
  const { name } = component.sla;
  const isWanted = () =>
    core.components.get(name) === component && !component.container && component.desired === 'running';
  await core.lane(name, async () => (isWanted() ? start(core, component) : undefined)).catch(core.ignore);
}

/** Something it depends on came: a waiting app starts, a running one gets its rights. */
export function advance(core: Core, component: Component): void {
  const { name } = component.sla;
  void core
    .lane(name, async () => {
      if (core.components.get(name) !== component || component.desired === 'shutdown') return;
      if (component.state === 'waiting') return start(core, component);
      if (component.place) await settle(core, component);
    })
    .catch((err: unknown) => core.log.error({ err, component: name }, 'rights cannot be brought up to date'));
}

/**
 * Brings a component's rights to what its agreement says now. Whether it has any is seen, not remembered: one that could
 * not be started may run all the same, with what it had.
 */
export async function settle(core: Core, component: Component): Promise<void> {
  try {
    await core.rights.apply(component.sla);
  } catch (err) {
    // It was never placed, or is being uninstalled: it has nothing, and gets nothing.
    if (!(err instanceof Failure) || err.code !== 'component.unknown') throw err;
  }
  const catalogue = await catalogueOf(core.stores);
  component.missing = missingOf(component.sla, catalogue);
}

/** A store is gone: what others agreed about it ends before this resolves. */
export async function withdraw(core: Core, store: string): Promise<void> {
  for (const component of dependentsOf(core.components, store)) await settle(core, component);
}
