/** manager — what the face promises, from the parts. */
import type { Excess } from '../base/excess.ts';
import type { HypercatItem } from '../base/names.ts';
import { backupsOf } from './backups.ts';
import { createClock, type Clock } from './clock.ts';
import { componentOf, isAffected, statusOf } from './components.ts';
import { findContainers } from './containers.ts';
import { openCore, type ManagerOptions, type OpenCore } from './core.ts';
import { every } from './every.ts';
import type { Ledger } from '../ledger/index.ts';
import type { ComponentState, Manager, Status } from './face.ts';
import { isDue } from './certificates.ts';
import { excessOf, excessSentences } from './excess.ts';
import { change, check, install, restart, uninstall } from './install.ts';
import { advance, exited } from './lifecycle.ts';
import { machineMb, shortage } from './memory.ts';
import { finishLater, raiseAll, reload } from './reload.ts';
import { checkReplacement, replace } from './replace.ts';
import { review, type Present } from './review.ts';
import { catalogueOf } from './rights.ts';
import { supervise, type Supervision } from './supervisor.ts';
import { mintFor } from './token.ts';

const hourMs = 3_600_000;
/** How soon a new address or time of the machine is noticed. */
const lookMs = 5_000;

/** The manager without its doors: when this resolves everything serves, and components as agreed are coming up. */
export async function openManager(options: ManagerOptions): Promise<Manager> {
  const startedAt = Date.now();
  const core = await openCore(options);
  const { components, signal, log, docker } = core;
  await using way = new AsyncDisposableStack();
  way.defer(() => goDown(core));
  way.defer(core.stores.onCatalogue((store, item) => onRegistered(core, store, item)));
  raiseAll(core, await reload(core));
  const engine = supervise({
    ...{ docker, log, signal },
    expected: () => [...components.values()].flatMap(({ container }) => container?.id ?? []),
    onExit: (id) => exited(core, id),
    onBack: () => finishLater(core),
  });
  const clock = watchMachine(core);
  const down = way.move();
  return {
    authority: core.authority,
    review: (asked) => review(core, asked, presentIn(core)),
    check: (request) => check(core, request),
    install: (request, onProgress = () => {}) => install(core, request, onProgress),
    uninstall: (name, { data = 'keep' } = {}) => uninstall(core, name, data),
    restart: (name) => restart(core, name),
    checkReplacement: (request) => checkReplacement(core, request),
    replace: (request, onProgress = () => {}) => replace(core, request, onProgress),
    engine: () => ({ host: core.config['docker.host'] ?? null, arch: core.arch }),
    revoke: (name, line) => change(core, name, { line, revoked: true }),
    allow: (name, line) => change(core, name, { line, revoked: false }),
    list: () => Promise.resolve(statusOf(components, core.stores.names(), core.stores.setAside())),
    sla: (name) => componentOf(components, name).sla,
    dataSources: () => catalogueOf(core.stores),
    logs: (name, o) => logs(core, name, o),
    ...backupsOf(core),
    token: (name, wish) => mintFor(core, name, wish),
    ...told(core, { version: options.version, startedAt, engine, clock, ledger: options.ledger }),
    uiTarget: (name) => uiTarget(core, name),
    resetSockets: (service, caller) => core.services.reset(service, caller),
    [Symbol.asyncDispose]: () => down.disposeAsync(),
  };
}

/** A datasource that somebody's agreement names was registered, or is not what was agreed any more. */
function onRegistered(core: OpenCore, store: string, item: HypercatItem): void {
  for (const component of core.components.values()) if (isAffected(component, store, item)) advance(core, component);
}

/** Containers go, data stays. Networks, addresses and rules go with the network, which stops after us. */
async function goDown(core: OpenCore): Promise<void> {
  await core.drain();
  for (const component of core.components.values()) {
    clearTimeout(component.timer);
    component.container = undefined;
  }
  try {
    const found = await findContainers(core.docker);
    await Promise.all(found.map(({ id }) => core.docker.remove(id)));
    for (const name of core.secrets.names()) core.secrets.remove(name);
  } catch (err) {
    core.log.error({ err }, 'containers could not be removed; the next start removes them');
  }
  await core.services[Symbol.asyncDispose]();
  core.close();
}

const presentIn = ({ components, records }: OpenCore): Present => ({
  agreed: (name) => components.get(name)?.sla,
  installed: components.size,
  kept: records,
});

function watchMachine(core: OpenCore): Clock {
  const clock = createClock();
  void every(hourMs, core.signal, () => renew(core));
  void every(lookMs, core.signal, () => lookAround(core, clock));
  return clock;
}

/** The machine's addresses and its clock change while it runs; certificates follow. */
async function lookAround(core: OpenCore, clock: Clock): Promise<void> {
  const jump = clock.look();
  if (jump) {
    core.log.warn(jump, 'the clock was set');
    return renew(core);
  }
  try {
    await core.authority.renew();
  } catch (err) {
    core.log.warn({ err }, 'the owner’s certificate could not be renewed; tried again soon');
  }
}

/** Certificates are replaced with a third of their life left; a component reads its own only at start. */
async function renew(core: OpenCore): Promise<void> {
  try {
    await core.authority.renew();
    await core.services.renew();
    for (const { sla, container } of core.components.values()) {
      const ends = container && core.secrets.endOf(sla.name);
      if (ends !== undefined && isDue(ends, Date.now())) await restart(core, sla.name);
    }
  } catch (err) {
    core.log.warn({ err }, 'certificates could not be renewed; tried again in an hour');
  }
}

async function logs(core: OpenCore, name: string, o: Parameters<Manager['logs']>[1]): Promise<void> {
  componentOf(core.components, name);
  const [own] = await findContainers(core.docker, name);
  if (own) await core.docker.logs(own.id, o);
}

function uiTarget({ components, authority }: OpenCore, name: string): ReturnType<Manager['uiTarget']> {
  const { place, container } = components.get(name) ?? {};
  if (!place || !container) return undefined;
  const { address, managerAddress: localAddress } = place;
  return { address, port: 8080, localAddress, ca: authority.rootPem, servername: name };
}

type Facts = { version: string; startedAt: number; engine: Supervision; clock: Clock; ledger: Ledger };

/** What the owner is told of the box. */
const told = (core: OpenCore, facts: Facts): Pick<Manager, 'status' | 'excess'> => ({
  status: () => status(core, facts),
  excess: () => excess(core),
});

const excess = (core: OpenCore): Excess[] =>
  excessOf(core.excess.list(), new Set(core.arbiter.components().map(({ name }) => name)));

async function status(core: OpenCore, facts: Facts): Promise<Status> {
  const { components, network, stores, arbiter, outbox, records, config } = core;
  const view = await network.view();
  const isAlive = facts.engine.answers;
  const failed = [...components.values()].filter(({ state }) => state === 'failed');
  const short = shortage({
    ...{ components: components.size, limitMb: config['container.memory-mb'], machineMb: machineMb() },
  });
  const problems = [
    ...view.problems,
    ...(isAlive ? [] : ['The Docker engine does not answer.']),
    ...facts.clock.problems(),
    ...stores.problems(),
    ...[arbiter, outbox, records, facts.ledger].flatMap((part) => part.problems()),
    ...excessSentences(excess(core), Date.now()),
    ...(short === undefined ? [] : [`${short}.`]),
    ...failed.map(({ sla, error = 'it does not run' }) => `${sla.name}: ${error}.`),
  ];
  const counts = { waiting: 0, preparing: 0, starting: 0, running: 0, complete: 0, failed: 0, shutdown: 0 };
  for (const { state } of components.values()) counts[state]++;
  return {
    version: facts.version,
    release: config.release,
    startedAt: facts.startedAt,
    pool: network.pool,
    healthy: view.healthy && isAlive,
    problems,
    clockJumps: [...facts.clock.jumps],
    components: counts satisfies Record<ComponentState, number>,
    stores: stores.names().length,
  };
}
