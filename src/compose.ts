/** The composition roots: the box (`start`) and the author's desk (`dev`). What starts last stops first. */
import { join } from 'node:path';
import { type Arbiter, createArbiter } from './arbiter/index.ts';
import { startAppstore } from './appstore/index.ts';
import type { Config } from './base/config.ts';
import { createExcessBook } from './base/excess.ts';
import type { Failure } from './base/errors.ts';
import { exampleManifests } from './base/examples.ts';
import { lockDirectory, lockNetwork } from './base/lock.ts';
import type { Log } from './base/log.ts';
import type { Refusal } from './base/refusals.ts';
import { startExport, type Outbox } from './export/index.ts';
import { startLedger, type Ledger } from './ledger/index.ts';
import { startManager, type Manager, type Status } from './manager/index.ts';
import { startNetwork } from './network/index.ts';
import { checkState, settleLater } from './state.ts';
import { startStores, type Stores } from './store/index.ts';
import { createGates, openBook, type Gates } from './zest/index.ts';

export type Databox = AsyncDisposable & {
  /** Resolves when a part died that the box cannot do without; the process must end, and systemd start it again. */
  readonly failed: Promise<Failure>;
  status(): Promise<Status>;
  /** By what it does, each thread besides the main one: resolves once it has answered. */
  readonly threads: Readonly<Record<string, () => Promise<void>>>;
};

export type Part = { config: Config; log: Log; signal: AbortSignal; version: string };

/**
 * Starts the box: nothing is reachable before the network's gate is shut, nothing serves before its rights are known.
 * @throws Failure `database.newer`, `wipe.unfinished` before anything is started; of whichever part cannot start, those before it are
 *   stopped again
 */
export async function start(part: Part): Promise<Databox> {
  const { config, signal } = part;
  const dir = config['state.dir'];
  await using up = new AsyncDisposableStack();
  up.use(lockDirectory(dir));
  checkState(dir);
  up.use(await lockNetwork());
  up.use(settleLater(dir));
  const parts = await startParts(part, up);
  // The network resets connections that the manager's listeners hold; the manager is the later of the two.
  let manager: Manager | undefined = undefined as Manager | undefined;
  const resetSockets: Manager['resetSockets'] = (service, caller) => manager?.resetSockets(service, caller) ?? 0;
  const log = part.log.child({ part: 'network' });
  const network = up.use(await startNetwork({ config, dir: join(dir, 'network'), log, signal, resetSockets }));
  manager = up.use(
    await startManager({
      ...part,
      ...parts,
      network,
      dir: join(dir, 'manager'),
      log: part.log.child({ part: 'manager' }),
    }),
  );
  const running = manager;
  const way = up.move();
  return {
    failed: Promise.race([network.failed, parts.stores.failed, parts.ledger.failed]),
    status: () => running.status(),
    threads: {
      network: () => network.answers(),
      storage: () => parts.stores.answers(),
      ledger: () => parts.ledger.answers(),
    },
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

/** The parts that need no root and touch nothing but their files. */
async function startParts({ config, log, signal }: Part, up: AsyncDisposableStack) {
  const dir = config['state.dir'];
  const logOf = (name: string): Log => log.child({ part: name });
  // The first up, the last down: what the others do until their end is on record.
  const ledger = up.use(
    startLedger({
      ...{ dir: join(dir, 'ledger'), log: logOf('ledger') },
      lineOf: (line, component) => outbox.line(line, component),
    }),
  );
  const nameOf = (who: string) => arbiter.components().find(({ address }) => address === who)?.name;
  const excess = createExcessBook({ log: logOf('excess'), nameOf });
  const pace = (setting: 'arbiter' | 'store') => ({
    perSecond: config[`${setting}.requests-per-second`],
    book: excess,
  });
  const arbiter: Arbiter = up.use(
    createArbiter({
      ...{ file: join(dir, 'arbiter.sqlite'), checkAddress: true, log: logOf('arbiter') },
      ...{ pace: pace('arbiter'), onRefused: (refusal) => record.refused(refusal) },
    }),
  );
  const authorise = arbiter.verify;
  const record = recordOf(ledger, nameOf);
  const stores = up.use(
    await startStores({
      ...{ dir: join(dir, 'stores'), authorise, log: logOf('store') },
      ...{ ledger: record, pace: pace('store') },
    }),
  );
  const outbox: Outbox = up.use(
    startExport({ config, file: join(dir, 'export.sqlite'), authorise, ledger: record, log: logOf('export'), signal }),
  );
  const appstore = up.use(await startShop({ config, log: logOf('appstore'), signal }));
  const old = oldProtocol({ config, arbiter, stores, nameOf, log: logOf('zest') }, up);
  return { ledger, arbiter, stores, outbox, appstore, excess, old };
}

type OldParts = Pick<Part, 'config' | 'log'> & {
  arbiter: Arbiter;
  stores: Stores;
  nameOf: (address: string) => string | undefined;
};

/** The second door of the arbiter and of the stores: the same functions as behind REST, and the same who is who. */
function oldProtocol({ config, arbiter, stores, nameOf, log }: OldParts, up: AsyncDisposableStack): Gates {
  return createGates({
    book: up.use(openBook(join(config['state.dir'], 'zest.sqlite'))),
    dir: join(config['run.dir'], 'zest'),
    serviceOf(name) {
      if (name === 'arbiter') return arbiter.wire();
      return name === exportService ? undefined : stores.wire(name);
    },
    ...{ nameOf, log },
  });
}
const exportService = 'export-service';

const startShop = ({ config, log, signal }: Omit<Part, 'version'>) =>
  startAppstore({
    file: join(config['state.dir'], 'appstore.sqlite'),
    repositories: config['appstore.repositories'],
    syncMinutes: config['appstore.sync-minutes'],
    release: config.release,
    examples: config['appstore.examples'] ? exampleManifests() : [],
    ...{ log, signal },
  });

/** The doors' way to the ledger. Of whoever proved nothing, the address says who it is. */
const recordOf = (ledger: Ledger, nameOf: (address: string) => string | undefined) => ({
  ...{ count: ledger.count, actuated: ledger.actuated, record: ledger.record },
  refused({ caller, component = nameOf(caller) ?? 'unknown', target, method, path, failure }: Refusal) {
    const { destination } = failure.details;
    const facts = {
      method,
      code: failure.code,
      reason: failure.message,
      caller,
      ...(destination !== undefined && { destination }),
    };
    return ledger.refused({ component, target, path: path.slice(0, 300), facts });
  },
});
