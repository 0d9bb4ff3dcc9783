/** Into whose store a backup may come back, and what the manager does after it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupsOf } from '../../../src/manager/backups.ts';
import { newComponent } from '../../../src/manager/components.ts';
import { bytesOf, inParts } from '../store/backups.ts';
import { agree, manifestOf } from './fixtures.ts';
import { house } from './house.ts';

const store = 'app-z-core-store';
const posted = { name: 'app-z', 'resource-requirements': { store: 'core-store' } };

/** `app-z` is installed and has written nothing yet. */
async function withStore() {
  const it = await house();
  const install = (origin: string) => {
    const component = newComponent(agree(manifestOf(posted), { origin }), 'running');
    it.core.components.set('app-z', component);
    return component;
  };
  const component = install('owner');
  await it.core.stores.open(store);
  const { backup, restore } = backupsOf(it.core);
  const take = async () => bytesOf((await backup(store)).content as AsyncIterable<Buffer>);
  return { ...it, component, install, take, backup, bring: (bytes: Buffer) => restore(store, inParts(bytes)) };
}

test('a backup says whose it is, and comes back to the same name, kind and origin only', async () => {
  await using it = await withStore();
  const bytes = await it.take();
  expect((await it.bring(bytes)).header).toMatchObject({ component: 'app-z', type: 'app', origin: 'owner', store });
  expect(it.ledger.entries).toEqual([{ kind: 'restore', component: 'app-z', target: store }]);
  it.install('https://shop.example/');
  await expect(it.bring(bytes)).rejects.toMatchObject({
    code: 'backup.foreign',
    message: expect.stringMatching(
      /from a manifest of yours, and the one that is installed is of kind app from https:/,
    ) as string,
  });
  it.core.components.delete('app-z');
  await expect(it.bring(bytes)).rejects.toMatchObject({ code: 'store.unknown' });
});

test.each(['app-x-core-store', 'absent-core-store', 'app-z', '../app-z-core-store', ''])(
  'no installed component has a store %j',
  async (name) => {
    await using it = await withStore();
    await expect(it.backup(name)).rejects.toMatchObject({ code: 'store.unknown' });
  },
);

test('a component that its damaged store kept from starting is started when the store is restored', async () => {
  await using it = await withStore();
  const bytes = await it.take();
  await it.core.stores.close(store);
  writeFileSync(join(it.dir, `${store}.sqlite`), 'x'.repeat(10_000));
  await expect(it.core.stores.open(store)).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(it.core.stores.setAside()).toEqual([{ store, why: 'the file of the store is not a database' }]);
  Object.assign(it.component, { state: 'failed', restarts: 8 });
  expect(await it.bring(bytes)).toMatchObject({ setAside: join(it.dir, `${store}.sqlite.damaged`) });
  await it.core.lane('app-z', () => Promise.resolve());
  // As far as this house goes: it has no image.
  expect(it.component).toMatchObject({ restarts: 1, error: expect.any(String) as string });
  clearTimeout(it.component.timer);
});
