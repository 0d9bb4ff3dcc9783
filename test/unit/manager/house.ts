/** The manager's parts around one app: everything real but the engine and the kernel, which note what they are asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifest } from '../../../src/appstore/index.ts';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { loadConfig } from '../../../src/base/config.ts';
import { Failure } from '../../../src/base/errors.ts';
import { createLane } from '../../../src/base/lane.ts';
import { silent } from '../../../src/base/log.ts';
import { newComponent, type Component } from '../../../src/manager/components.ts';
import type { Core } from '../../../src/manager/lifecycle.ts';
import { createRights } from '../../../src/manager/rights.ts';
import { openRecords } from '../../../src/manager/sql.ts';
import type { Network } from '../../../src/network/index.ts';
import { startStores } from '../../../src/store/index.ts';
import { agree, datasource, item, manifestOf } from './fixtures.ts';
import { recording } from './recording.ts';

export const store = 'driver-x-core-store';
export const destination = 'https://a.example/';
export const temperature = item(store, '/ts/temperature');
const { href } = temperature;
export const sla = agree(
  manifestOf({ datasources: [datasource('temperature')], 'export-whitelist': [{ url: destination }] }),
  { choices: { temperature: href } },
);
export const fault = new Failure('network.refused', 'the kernel takes no rules');

/** A core with `app-x` agreed and failed; `done` notes what the engine and the kernel were asked. */
export async function house() {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'house-'));
  up.defer(() => rmSync(dir, { recursive: true }));
  const arbiter = up.use(createArbiter({ file: ':memory:', checkAddress: true, log: silent }));
  const stores = up.use(await startStores({ dir, authorise: arbiter.verify, log: silent }));
  const records = up.use(openRecords(':memory:', silent));
  const ledger = recording();
  const stop = new AbortController();
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
    ...{ arbiter, stores, records, network, ledger, log: silent, lane: createLane() },
    ...{ config: loadConfig({}), arch: 'amd64', signal: stop.signal, ignore: () => {} },
    appstore: { find: () => undefined, parse: parseManifest },
    outbox: { forget: (name: string, url = 'all') => void done.push(`forget ${name} ${url}`) },
    docker: { containers: () => call('containers')('').then(() => []), image: () => Promise.resolve(undefined) },
    secrets: { remove: call('secrets') },
    services: { end: call('service'), forget: call('doors') },
    rights: createRights({ arbiter, stores, network, ledger }),
    components: new Map([['app-x', component]]),
  } as unknown as Core;
  arbiter.register({ name: 'app-x', type: 'app', key: 'k' });
  arbiter.grant('app-x', { method: 'GET', path: '/ts/temperature', target: store }, []);
  records.save(sla);
  const way = up.move();
  return {
    core,
    component,
    dir,
    stop,
    arbiter,
    records,
    ledger,
    done,
    broken,
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}
