/** Data that an uninstall kept goes to nobody but who left it, and can be deleted later. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { check, uninstall } from '../../../src/manager/install.ts';
import { review } from '../../../src/manager/review.ts';
import { agree, manifestOf } from './fixtures.ts';
import { house } from './house.ts';

const store = 'app-z-core-store';
const posted = {
  ...{ name: 'app-z', 'databox-type': 'app', version: '1.0.0' },
  'resource-requirements': { store: 'core-store' },
};
const manifest = manifestOf(posted);

/** `app-z` of this origin was installed, wrote to its store, and was uninstalled. */
async function houseWithData(origin: string) {
  const it = await house();
  it.records.component('app-z', () => 'k');
  it.records.save(agree(manifest, { origin }));
  await it.core.stores.open(store);
  await it.core.stores.close(store);
  it.records.forget('app-z', 'keep');
  const reviewed = (asked: object) =>
    review(it.core, { manifest: asked }, { agreed: () => undefined, installed: 0, kept: it.records });
  return { ...it, reviewed, file: join(it.dir, `${store}.sqlite`) };
}

test('one of the same origin gets it, and the owner is told', async () => {
  await using it = await houseWithData('owner');
  const { asks, warnings } = await it.reviewed(posted);
  expect(asks).toContainEqual({
    ...{ kind: 'store', detail: store },
    sentence: 'Gets the data that app-z from a manifest of yours left here.',
  });
  expect(warnings.join()).not.toContain('left data');
  await expect(check(it.core, { manifest: posted })).resolves.toMatchObject({ name: 'app-z' });
});

test.each([
  ['another', 'https://shop.example/'],
  ['one that was not noted', ''],
])('of an origin that is %s, it is refused, and the review warns', async (_, origin) => {
  await using it = await houseWithData(origin);
  const { asks, warnings } = await it.reviewed(posted);
  expect(asks.filter(({ kind }) => kind === 'store')).toHaveLength(1);
  expect(warnings.at(-1)).toMatch(/^resource-requirements: .*databox uninstall app-z --delete-data/);
  await expect(check(it.core, { manifest: posted })).rejects.toThrow(
    expect.objectContaining({ code: 'store.kept', details: { name: 'app-z', origin } }) as Error,
  );
});

test('one without a store is not concerned', async () => {
  await using it = await houseWithData('https://shop.example/');
  const bare = { ...posted, 'resource-requirements': {} };
  expect((await it.reviewed(bare)).asks.map(({ kind }) => kind)).toEqual(['origin']);
  await expect(check(it.core, { manifest: bare })).resolves.toMatchObject({ origin: 'owner' });
});

test('it is deleted although nothing of its name is installed, and only when that is said', async () => {
  await using it = await houseWithData('https://shop.example/');
  const unknown = expect.objectContaining({ code: 'component.unknown' }) as Error;
  await expect(uninstall(it.core, 'app-z', 'keep')).rejects.toThrow(unknown);
  expect(existsSync(it.file)).toBe(true);
  await uninstall(it.core, 'app-z', 'delete');
  expect(existsSync(it.file)).toBe(false);
  expect(it.records.intents()).toEqual([]);
  await expect(check(it.core, { manifest: posted })).resolves.toMatchObject({ name: 'app-z' });
  await expect(uninstall(it.core, 'app-z', 'delete')).rejects.toThrow(unknown);
});
