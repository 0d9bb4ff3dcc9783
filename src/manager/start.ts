import type { ManagerOptions } from './core.ts';
import type { Manager } from './face.ts';
import { openManager } from './manager.ts';
import { startAdmin, startOwner } from './web/index.ts';

/**
 * Starts the manager: everything that serves, then the admin socket and the owner's doors, while what is agreed comes up.
 * Disposing of it closes the doors and removes the containers; data, and agreements, stay.
 * @throws Failure of the doors or of the files; a component that cannot be started is no failure, `list` tells
 */
export async function startManager(options: ManagerOptions): Promise<Manager> {
  const { config, log, network, stores, outbox, appstore, ledger, stop = terminate } = options;
  await using up = new AsyncDisposableStack();
  const manager = up.use(await openManager(options));
  up.use(await startAdmin({ ...{ manager, network, stores, outbox, appstore, ledger, config, log }, stop }));
  up.use(await startOwner({ manager, appstore, ledger, config, log }));
  const way = up.move();
  return { ...manager, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

/** The way that systemd stops us; main hears it. */
const terminate = (): void => void process.kill(process.pid, 'SIGTERM');
