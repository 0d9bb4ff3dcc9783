/** What is taken back is taken back, in whatever state the component is. No engine, no kernel: neither is asked. */
import { change, restart, uninstall } from '../../../src/manager/install.ts';
import { withdraw } from '../../../src/manager/lifecycle.ts';
import { erase } from '../../../src/manager/raise.ts';
import { createRights } from '../../../src/manager/rights.ts';
import { destination, fault, house, store } from './house.ts';

test('a line is revoked although the component could not be started after a restart, and still runs', async () => {
  await using it = await house();
  await change(it.core, 'app-x', { line: { datasource: 'temperature' }, revoked: true });
  expect(it.arbiter.grants('app-x').map(({ target }) => target)).toEqual(['export-service', 'export-service']);
  expect(it.done).toContain('disconnect app-x');
});

test('a store that goes is withdrawn from a component that is just being installed', async () => {
  await using it = await house();
  it.component.state = 'preparing';
  await withdraw(it.core, store);
  expect(it.arbiter.grants('app-x').map(({ target }) => target)).not.toContain(store);
});

test('a component that was never placed has nothing to withdraw, and its agreement changes all the same', async () => {
  await using it = await house();
  it.arbiter.remove('app-x');
  await change(it.core, 'app-x', { line: { datasource: 'temperature' }, revoked: true });
  expect(it.records.slas()[0]?.datasources[0]?.revoked).toBe(true);
});

test('waiting exports go although the network refuses the change', async () => {
  await using it = await house();
  it.broken.add('connect');
  const revoked = change(it.core, 'app-x', { line: { destination }, revoked: true });
  await expect(revoked).rejects.toBe(fault);
  expect(it.done).toContain(`forget app-x ${destination}`);
});

test('what cannot be written down is withdrawn all the same', async () => {
  await using it = await house();
  const full = new Error('database or disk is full');
  const fails = () => {
    throw full;
  };
  const arbiter = { ...it.arbiter, revoke: fails };
  const rights = createRights({ arbiter, stores: it.core.stores, network: it.core.network, ledger: it.ledger });
  const core = { ...it.core, rights, records: { ...it.records, save: fails } };
  const line = { datasource: 'temperature' };
  await expect(change(core, 'app-x', { line, revoked: true })).rejects.toBe(full);
  expect(it.done).toContain('disconnect app-x');
  expect(it.component.sla.datasources[0]?.revoked).toBe(true);
  await expect(change(core, 'app-x', { line, revoked: false })).rejects.toBe(full);
  expect(it.component.sla.datasources[0]?.revoked).toBe(true);
});

test('what cannot be written down is uninstalled all the same', async () => {
  await using it = await house();
  const full = new Error('database or disk is full');
  const fails = () => {
    throw full;
  };
  const core = { ...it.core, records: { ...it.records, intend: fails, forget: fails } };
  await expect(uninstall(core, 'app-x', 'keep')).rejects.toBe(full);
  expect(it.arbiter.components()).toEqual([]);
  expect(it.done).toContain('network app-x');
  expect(it.component).toMatchObject({ state: 'shutdown', error: expect.stringContaining('disk is full') as string });
  await uninstall({ ...core, records: { ...it.records, intend: fails } }, 'app-x', 'keep');
  expect([it.core.components.size, it.records.slas()]).toEqual([0, []]);
});

test('a component that is half removed is only removed: nothing brings it back', async () => {
  await using it = await house();
  it.records.intend({ name: 'app-x', what: 'uninstall', data: 'keep' });
  it.component.desired = 'shutdown';
  const busy = expect.objectContaining({ code: 'component.busy' }) as Error;
  await expect(change(it.core, 'app-x', { line: { destination }, revoked: false })).rejects.toThrow(busy);
  await expect(restart(it.core, 'app-x')).rejects.toThrow(busy);
  expect(it.records.intents()).toHaveLength(1);
});

test('what cannot be removed keeps nothing else from being removed', async () => {
  await using it = await house();
  it.broken.add('disconnect').add('service');
  const erased = erase(it.core, { name: 'app-x', data: 'keep', dependents: () => Promise.resolve() });
  await expect(erased).rejects.toBe(fault);
  expect(it.arbiter.components()).toEqual([]);
  expect(it.done).toEqual([
    ...['disconnect app-x', 'forget app-x all', `service ${store.replace('driver', 'app')}`],
    ...['containers ', 'secrets app-x', 'network app-x'],
  ]);
});

test('what the owner takes and gives is on record; what cannot be is not given back, and taken all the same', async () => {
  await using it = await house();
  const [line, entry] = [{ datasource: 'temperature' }, { kind: 'agreement', component: 'app-x', path: 'temperature' }];
  const mine = () => it.ledger.entries.filter(({ kind }) => kind === 'agreement');
  await change(it.core, 'app-x', { line, revoked: true });
  await change(it.core, 'app-x', { line, revoked: false });
  expect(mine()).toEqual([true, false].map((revoked) => ({ ...entry, facts: { line: 'datasource', revoked } })));
  await expect(change(it.core, 'app-x', { line: { host: 'nobody' }, revoked: true })).rejects.toThrow('no line nobody');
  expect(mine()).toHaveLength(2);
  it.ledger.disk.isFull = true;
  const unwritten = { code: 'ledger.unavailable' };
  await expect(change(it.core, 'app-x', { line, revoked: true })).rejects.toMatchObject(unwritten);
  expect(it.records.slas()[0]?.datasources[0]?.revoked).toBe(true);
  await expect(change(it.core, 'app-x', { line, revoked: false })).rejects.toMatchObject(unwritten);
  expect(it.component.sla.datasources[0]?.revoked).toBe(true);
});

test('an uninstall is on record, with what becomes of the data', async () => {
  await using it = await house();
  await uninstall(it.core, 'app-x', 'keep');
  expect(it.ledger.entries).toMatchObject([
    { kind: 'uninstall', component: 'app-x', facts: { data: 'keep' } },
    { kind: 'revoke', path: '/ts/temperature' },
  ]);
});
