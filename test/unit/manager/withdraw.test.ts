/** What is taken back is taken back, in whatever state the component is. No engine, no kernel: neither is asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { Failure } from '../../../src/base/errors.ts';
import { createLane } from '../../../src/base/lane.ts';
import { silent } from '../../../src/base/log.ts';
import { newComponent, type Component } from '../../../src/manager/components.ts';
import { change, restart } from '../../../src/manager/install.ts';
import { withdraw, type Core } from '../../../src/manager/lifecycle.ts';
import { erase } from '../../../src/manager/raise.ts';
import { createRights } from '../../../src/manager/rights.ts';
import { openRecords } from '../../../src/manager/sql.ts';
import type { Network } from '../../../src/network/index.ts';
import { startStores } from '../../../src/store/index.ts';
import { agree, datasource, item, manifestOf } from './fixtures.ts';

const store = 'driver-x-core-store';
const destination = 'https://a.example/';
const href = item(store, '/ts/temperature').href;
const sla = agree(
  manifestOf({ datasources: [datasource('temperature')], 'export-whitelist': [{ url: destination }] }),
  { choices: { temperature: href } },
);
const fault = new Failure('network.refused', 'the kernel takes no rules');

async function start() {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'withdraw-'));
  up.defer(() => rmSync(dir, { recursive: true }));
  const arbiter = up.use(createArbiter({ file: ':memory:', checkAddress: true, log: silent }));
  const stores = up.use(await startStores({ dir, authorise: arbiter.verify, log: silent }));
  const records = up.use(openRecords(':memory:'));
  const done: string[] = [];
  const broken = new Set<string>();
  const call =
    (what: string) =>
    (...[name]: unknown[]) => {
      done.push(`${what} ${String(name)}`);
      return broken.has(what) ? Promise.reject(fault) : Promise.resolve();
    };
  const network = {
    ...{ connect: call('connect'), disconnect: call('disconnect'), reset: call('reset') },
    removeComponent: call('network'),
    peers: () => [store],
  } as unknown as Network;
  const component: Component = newComponent(sla, 'failed');
  const core = {
    ...{ arbiter, stores, records, network, log: silent, lane: createLane() },
    outbox: { forget: (name: string, url = 'all') => void done.push(`forget ${name} ${url}`) },
    docker: { containers: () => call('containers')('').then(() => []) },
    secrets: { remove: call('secrets') },
    services: { end: call('service') },
    rights: createRights({ arbiter, stores, network }),
    components: new Map([['app-x', component]]),
  } as unknown as Core;
  arbiter.register({ name: 'app-x', type: 'app', key: 'k' });
  arbiter.grant('app-x', { method: 'GET', path: '/ts/temperature', target: store }, []);
  records.save(sla);
  const way = up.move();
  return { core, component, arbiter, records, done, broken, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

test('a line is revoked although the component could not be started after a restart, and still runs', async () => {
  await using it = await start();
  await change(it.core, 'app-x', { line: { datasource: 'temperature' }, revoked: true });
  expect(it.arbiter.grants('app-x').map(({ target }) => target)).toEqual(['export-service', 'export-service']);
  expect(it.done).toContain('disconnect app-x');
});

test('a store that goes is withdrawn from a component that is just being installed', async () => {
  await using it = await start();
  it.component.state = 'preparing';
  await withdraw(it.core, store);
  expect(it.arbiter.grants('app-x').map(({ target }) => target)).not.toContain(store);
});

test('a component that was never placed has nothing to withdraw, and its agreement changes all the same', async () => {
  await using it = await start();
  it.arbiter.remove('app-x');
  await change(it.core, 'app-x', { line: { datasource: 'temperature' }, revoked: true });
  expect(it.records.slas()[0]?.datasources[0]?.revoked).toBe(true);
});

test('waiting exports go although the network refuses the change', async () => {
  await using it = await start();
  it.broken.add('connect');
  const revoked = change(it.core, 'app-x', { line: { destination }, revoked: true });
  await expect(revoked).rejects.toBe(fault);
  expect(it.done).toContain(`forget app-x ${destination}`);
});

test('what cannot be written down is withdrawn all the same', async () => {
  await using it = await start();
  const full = new Error('database or disk is full');
  const fails = () => {
    throw full;
  };
  const arbiter = { ...it.arbiter, revoke: fails };
  const rights = createRights({ arbiter, stores: it.core.stores, network: it.core.network });
  const core = { ...it.core, rights, records: { ...it.records, save: fails } };
  const line = { datasource: 'temperature' };
  await expect(change(core, 'app-x', { line, revoked: true })).rejects.toBe(full);
  expect(it.done).toContain('disconnect app-x');
  expect(it.component.sla.datasources[0]?.revoked).toBe(true);
  await expect(change(core, 'app-x', { line, revoked: false })).rejects.toBe(full);
  expect(it.component.sla.datasources[0]?.revoked).toBe(true);
});

test('a component that is half removed is only removed: nothing brings it back', async () => {
  await using it = await start();
  it.records.intend({ name: 'app-x', what: 'uninstall', data: 'keep' });
  it.component.desired = 'shutdown';
  const busy = expect.objectContaining({ code: 'component.busy' }) as Error;
  await expect(change(it.core, 'app-x', { line: { destination }, revoked: false })).rejects.toThrow(busy);
  await expect(restart(it.core, 'app-x')).rejects.toThrow(busy);
  expect(it.records.intents()).toHaveLength(1);
});

test('what cannot be removed keeps nothing else from being removed', async () => {
  await using it = await start();
  it.broken.add('disconnect').add('service');
  const erased = erase(it.core, { name: 'app-x', data: 'keep', dependents: () => Promise.resolve() });
  await expect(erased).rejects.toBe(fault);
  expect(it.arbiter.components()).toEqual([]);
  expect(it.done).toEqual([
    ...['disconnect app-x', 'forget app-x all', `service ${store.replace('driver', 'app')}`],
    ...['containers ', 'secrets app-x', 'network app-x'],
  ]);
});
