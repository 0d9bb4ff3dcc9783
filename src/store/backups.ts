/** What leaves a store as a backup, and how one comes back. */
import { Readable } from 'node:stream';
import { Failure } from '../base/errors.ts';
import type { Lane } from '../base/lane.ts';
import type { Header, Owner } from './backup/format.ts';
import { pack } from './backup/pack.ts';
import { openBackup } from './backup/unpack.ts';
import { ownerName } from './owner.ts';
import { closeStore, openStore, storeOf, type State } from './lifecycle.ts';

/** The bytes of a backup file, and what its header says. */
export type Backup = { header: Header; content: Readable };

export const backupsOf = (state: State, lane: Lane) => ({
  backup: (name: string, owner: Owner) => backUp(state, name, owner),
  restore: (request: RestoreRequest) => restore(state, lane, request),
});

/** @throws Failure `store.unknown`, `store.unavailable`, `store.full` */
async function backUp(state: State, name: string, owner: Owner): Promise<Backup> {
  const { engine, accounts } = storeOf(state, name);
  const at = new Date().toISOString();
  const { file, bytes, version } = await engine.snapshot(name);
  accounts.tookAll(ownerName, bytes);
  const header: Header = { databox: 'store-backup', format: 1, store: name, ...owner, at, version, bytes };
  const content = Readable.from(pack(header, file), { objectMode: false });
  // Also when nobody begins to read.
  content.once('close', () => void file.close().catch(() => {}));
  return { header, content };
}

export type Restored = {
  header: Header;
  /** Where a damaged store that was replaced lies now. */
  setAside: string | null;
};

export type RestoreRequest = {
  name: string;
  /** The bytes of a backup file. */
  source: AsyncIterable<Buffer>;
  /** Throws when data of this header must not come into this store. */
  fits: (header: Header) => void;
};

async function restore(state: State, lane: Lane, { name, source, fits }: RestoreRequest): Promise<Restored> {
  if (!state.open.has(name) && !state.broken.has(name)) throw storeUnknown(name);
  await using draft = state.engine.draft(name);
  const backup = await openBackup(source);
  fits(backup.header);
  await draft.makeRoom(backup.header.bytes);
  await draft.fill((file) => backup.into(file));
  await draft.check();
  return await lane(name, async () => {
    const isDamaged = state.broken.has(name);
    if (!isDamaged && !state.open.has(name)) throw storeUnknown(name);
    // Who has the store may have changed since.
    fits(backup.header);
    state.restoring.add(name);
    try {
      await closeStore(state, name, 'close');
      await draft.exchange();
    } finally {
      // With the new data, or as before.
      await openStore(state, name).finally(() => state.restoring.delete(name));
    }
    return { header: backup.header, setAside: await draft.settle(isDamaged) };
  });
}

const storeUnknown = (name: string): Failure =>
  new Failure('store.unknown', `no store ${name} is open`, { store: name });
