import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import { createLane } from '../base/lane.ts';
import type { Log } from '../base/log.ts';
import { startWorker, type WorkerClient } from '../base/worker.ts';
import { openBook, systemBridge, systemNetwork, type Book } from './book.ts';
import { createChanges, type Changes } from './changes.ts';
import { createComponents } from './components.ts';
import { createDocker, type Docker, type Survey } from './docker.ts';
import type { Network, NetworkOptions } from './face.ts';
import { ensureBridge, heldAddresses, removeLink } from './links.ts';
import { serverOf } from './names/servers.ts';
import { nobody, withoutService, withService } from './policy.ts';
import { choosePool, gatewayOf } from './pool.ts';
import { markOf } from './rules.ts';
import { takenBlocks } from './taken.ts';
import { viewOf } from './view.ts';
import type { WorkerData, WorkerEvent, WorkerHandlers } from './worker.ts';

type Worker = WorkerClient<WorkerHandlers>;
type Parts = { docker: Docker; book: Book; worker: Worker; changes: Changes; log: Log };

/**
 * Shuts the gate, then makes the networks; nothing is reachable before it is agreed.
 * @throws Failure `network.overlap`, `network.refused`, `docker.unavailable`, `docker.failed`, `config.invalid`
 */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { config, log, dir, resetSockets, signal } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await using up = new AsyncDisposableStack();
  const docker = createDocker(config['docker.host']);
  await docker.reach();
  const book = up.use(openBook(join(dir, 'addresses.sqlite')));
  const survey = docker.survey();
  const taken = await takenBlocks(survey.then(({ foreign }) => foreign));
  const pool = choosePool({ configured: config['network.address-pool'], previous: book.previous, taken });
  book.usePool(pool);

  const failed = Promise.withResolvers<Failure>();
  const worker = up.use(openGate(options, { pool, fail: failed.resolve }));
  void worker.died.then(failed.resolve);
  const changes = createChanges({ book, worker, log, resetSockets });
  const parts = { docker, book, worker, changes, log };
  await worker.call('start', undefined);
  await openNetworks(parts, (await survey).ours);
  // Not before: a start that fails takes no network from under a container that runs; the gate stays shut over it.
  up.defer(() => close(parts));
  const components = createComponents({ ...parts, dir: join(dir, 'resolv') });
  const stop = new AbortController();
  up.defer(() => stop.abort());
  void watch(parts, AbortSignal.any([signal, stop.signal]));
  log.info({ pool }, 'network started');
  const way = up.move();
  return {
    pool,
    ...services(parts),
    ...components.calls,
    async view() {
      const [seen, links] = await Promise.all([worker.call('view', undefined), heldAddresses()]);
      const [tables, owed] = [changes.tables(), changes.problems()];
      return viewOf({ pool, tables, places: components.places(), worker: seen, links, owed });
    },
    answers: () => worker.answers(),
    failed: failed.promise,
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

function openGate(
  { config, log }: NetworkOptions,
  { pool, fail }: { pool: string; fail: (failure: Failure) => void },
): Worker {
  const data: WorkerData = {
    queue: config['network.queue'],
    mark: markOf(config['network.mark']),
    pool,
    flowsPerSecond: config['network.flows-per-second'],
    publicRanges: config['network.public-ranges'],
    upstream: config['network.upstream'].map(serverOf),
  };
  const onEvent = (event: string, { sentence, facts }: WorkerEvent): void => {
    if (event === 'failed') fail(new Failure('network.refused', sentence));
    else log.warn(facts, sentence);
  };
  return startWorker<WorkerHandlers>(new URL('./worker.ts', import.meta.url), data, onEvent);
}

/**
 * Removes networks that the book does not know: a crash cut their removal short. The others stay, also idle ones: a
 * stopped container can be started again only in the very network it was made in. Then the services' network.
 */
async function openNetworks({ docker, book }: Parts, ours: Survey['ours']): Promise<void> {
  const known = new Set(book.networks().map(({ name }) => name));
  for (const { name, component } of ours) if (!known.has(component)) await docker.remove(name);
  const subnet = book.subnetOf(systemNetwork);
  await ensureBridge(systemBridge);
  await docker.ensure({
    ...{ name: systemNetwork, component: systemNetwork, bridge: systemBridge, subnet },
    gateway: gatewayOf(subnet),
  });
}

function services({ book, changes }: Parts): Pick<Network, 'addService' | 'publish' | 'removeService'> {
  const lane = createLane();
  return {
    addService: (name) =>
      lane(name, async () => {
        const address = book.serviceAddress(name);
        await changes.make((policy) =>
          withService(policy, { name, address, ports: policy.services.get(name)?.ports ?? new Map<number, number>() }),
        );
        return address;
      }),
    publish: (name, listening) =>
      lane(name, () => {
        const ports = new Map(Object.entries(listening).map(([port, own]) => [Number(port), own]));
        return changes.make((policy) => {
          const service = policy.services.get(name);
          if (!service) throw new Failure('component.unknown', `there is no service ${name}`, { name });
          return withService(policy, { ...service, ports });
        });
      }),
    removeService: (name) =>
      lane(name, async () => {
        await changes.make((policy) => withoutService(policy, name));
        book.dropService(name);
      }),
  };
}

const watchMs = 5_000;
/**
 * Addresses that somebody takes from our bridges come back: agreed peers are unreachable without. A withdrawal that the
 * kernel refused is tried again.
 */
async function watch({ changes, log }: Parts, signal: AbortSignal): Promise<void> {
  try {
    for await (const { repairAddresses, tend } of setInterval(watchMs, changes, { signal })) {
      const repaired = await repairAddresses().catch((err: unknown) => log.warn({ err }, 'addresses not checked'));
      if (repaired) log.warn({ repaired }, 'addresses were removed by somebody and put back');
      await tend().catch((err: unknown) => log.warn({ err }, 'change not in force yet'));
    }
  } catch (err) {
    if (!signal.aborted) throw err;
  }
}

/**
 * Takes everything away, the gate last. If a network cannot be removed, the gate stays: a container may still be in it.
 * @throws Failure of the network that stays
 */
async function close({ docker, changes, worker, log }: Parts): Promise<void> {
  await changes.make(() => nobody).catch((err: unknown) => log.warn({ err }, 'tables not emptied'));
  for (const { name } of (await docker.survey()).ours) await docker.remove(name);
  await removeLink(systemBridge);
  await worker.call('stop', undefined);
}
