/** backups — whose data a backup holds, and into whose store it may come back: only the same name, kind and origin. */
import { Failure } from '../base/errors.ts';
import { componentOfStore } from '../base/names.ts';
import type { Backup, BackupHeader, Restored } from '../store/index.ts';
import { dependentsOf, type Component } from './components.ts';
import type { Manager } from './face.ts';
import { hasStore } from './grants.ts';
import { whence } from './kept.ts';
import { advance, start, type Core } from './lifecycle.ts';
import type { Sla } from './sla.ts';

export const backupsOf = (core: Core): Pick<Manager, 'backup' | 'restore'> => ({
  backup: (store) => backup(core, store),
  restore: (store, source) => restore(core, store, source),
});

async function backup(core: Core, store: string): Promise<Backup> {
  const { name: component, type, origin } = ownerOf(core, store).sla;
  return core.stores.backup(store, { component, type, origin });
}

async function restore(core: Core, store: string, source: AsyncIterable<Buffer>): Promise<Restored> {
  const component = ownerOf(core, store);
  await core.ledger.record({ kind: 'restore', component: component.sla.name, target: store });
  const fits = (header: BackupHeader): void => refuseForeignBackup(header, store, ownerOf(core, store).sla);
  const restored = await core.stores.restore({ name: store, source, fits });
  const { at, bytes } = restored.header;
  core.log.info({ store, at, bytes, setAside: restored.setAside }, 'store restored from a backup');
  for (const other of dependentsOf(core.components, store)) advance(core, other);
  void core.lane(component.sla.name, () => startIfDown(core, component)).catch(core.ignore);
  return restored;
}

/** A damaged store had kept it from starting. */
async function startIfDown(core: Core, component: Component): Promise<void> {
  const isInstalled = core.components.get(component.sla.name) === component;
  if (!isInstalled || component.desired === 'shutdown' || component.state !== 'failed' || component.container) return;
  component.restarts = 0;
  await start(core, component);
}

/** @throws Failure `store.unknown` */
function ownerOf({ components }: Core, store: string): Component {
  const component = components.get(componentOfStore(store));
  if (component && store.endsWith('-core-store') && hasStore(component.sla)) return component;
  const sentence = `no installed component has a store ${store}: install the one that the data is of first`;
  throw new Failure('store.unknown', sentence, { store });
}

/** @throws Failure `backup.foreign` */
export function refuseForeignBackup(header: BackupHeader, store: string, { name, type, origin }: Sla): void {
  const of = `the backup is of ${header.store}, of the ${header.type} ${header.component} from ${whence(header.origin)}`;
  const facts = { store: header.store, component: header.component, type: header.type, origin: header.origin };
  if (header.store !== store || header.component !== name) {
    throw new Failure('backup.foreign', `${of}: it does not go into ${store}`, facts);
  }
  if (header.type === type && header.origin === origin) return;
  throw new Failure(
    'backup.foreign',
    `${of}, and the one that is installed is of kind ${type} from ${whence(origin)}`,
    facts,
  );
}
