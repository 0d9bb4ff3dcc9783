/** core — opens what the manager keeps, and puts its parts together. Nothing runs yet. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Appstore } from '../appstore/index.ts';
import type { Arbiter } from '../arbiter/index.ts';
import type { Config } from '../base/config.ts';
import { Failure } from '../base/errors.ts';
import type { ExcessBook } from '../base/excess.ts';
import { createLane, type Lane } from '../base/lane.ts';
import type { Log } from '../base/log.ts';
import type { Outbox } from '../export/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { Network } from '../network/index.ts';
import type { Stores } from '../store/index.ts';
import { openAuthority } from './authority.ts';
import { createCurveKeys, type CurveKeys } from './curve.ts';
import { createDocker } from './docker.ts';
import { archOf } from './images.ts';
import type { Core } from './lifecycle.ts';
import { createRights } from './rights.ts';
import { createSecrets } from './secrets.ts';
import { createServices, type OldProtocol } from './services.ts';
import { openRecords } from './sql.ts';

export type ManagerOptions = {
  config: Config;
  log: Log;
  /** Ends what waits; the way down itself is `Symbol.asyncDispose`. */
  signal: AbortSignal;
  arbiter: Arbiter;
  network: Network;
  stores: Stores;
  outbox: Outbox;
  appstore: Appstore;
  ledger: Ledger;
  excess: ExcessBook;
  /** The doors for components of the original. */
  old: OldProtocol;
  version: string;
  /** Agreements, keys and certificates; mode 0700. */
  dir: string;
  /** Begins the way down of the process; default SIGTERM to itself. */
  stop?: () => void;
};

export type OpenCore = Core & {
  excess: ExcessBook;
  /** Refuses new work, ends waiting, and resolves when nothing is under way. */
  drain(): Promise<void>;
  close(): void;
};

export async function openCore(options: ManagerOptions): Promise<OpenCore> {
  const { config, log, arbiter, network, stores, outbox, appstore, ledger, excess, dir } = options;
  const records = openRecords(join(dir, 'manager.sqlite'), log);
  const authority = await openAuthority({
    ...{ dir, hostName: config['owner.host-name'] ?? hostname(), anew: config['manager.regenerate-certificates'] },
  });
  const box = records.fact('box', randomUUID);
  const curve = JSON.parse(records.fact('curve', () => JSON.stringify(createCurveKeys()))) as CurveKeys;
  const ending = new AbortController();
  const work = createWork();
  return {
    ...{ config, log, arbiter, network, stores, outbox, appstore, ledger, records, authority, box },
    zmqPublicKey: curve.publicKey,
    docker: createDocker({ host: config['docker.host'], box }),
    secrets: createSecrets(join(config['run.dir'], 'secrets')),
    excess,
    services: createServices({
      ...{ network, authority, excess, log, old: options.old, curveSecretKey: curve.secretKey },
      connections: config['container.connections'],
    }),
    rights: createRights({ arbiter, network, stores, ledger }),
    components: new Map(),
    signal: AbortSignal.any([options.signal, ending.signal]),
    arch: archOf(process.arch),
    lane: work.lane,
    ignore: (err) => log.debug({ err }, 'work given up'),
    async drain() {
      ending.abort();
      await work.drain();
    },
    close: () => records[Symbol.dispose](),
  };
}

/** A lane whose work can be waited for. */
function createWork() {
  const inner = createLane();
  const underWay = new Set<Promise<unknown>>();
  let isClosing = false;
  const lane: Lane = (name, work) => {
    const result = inner(name, async () => {
      if (isClosing) throw new Failure('databox.stopped', 'Databox is shutting down');
      return work();
    });
    const done = result.then(
      () => {},
      () => {},
    );
    underWay.add(done);
    void done.then(() => underWay.delete(done));
    return result;
  };
  const drain = async (): Promise<void> => {
    isClosing = true;
    while (underWay.size > 0) await Promise.all(underWay);
  };
  return { lane, drain };
}
