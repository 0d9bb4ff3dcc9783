import { start } from '../../../src/manager/lifecycle.ts';
import { house, store, temperature } from './house.ts';

test('what cannot be written down when a datasource has come is tried again', async () => {
  await using it = await house();
  const full = () => {
    throw new Error('database or disk is full');
  };
  const stores = { ...it.core.stores, names: () => [store], catalogue: () => Promise.resolve([temperature]) };
  await start({ ...it.core, stores, records: { ...it.records, save: full } }, it.component);
  expect(it.component).toMatchObject({ state: 'failed', error: 'database or disk is full', restarts: 1 });
  expect(it.component.timer).toBeDefined();
  clearTimeout(it.component.timer);
});
