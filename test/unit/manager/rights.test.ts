import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArbiter, type Arbiter } from '../../../src/arbiter/index.ts';
import { Failure } from '../../../src/base/errors.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { connected, disconnected, nameOfPeer, nobody, type Peer } from '../../../src/network/policy.ts';
import type { Network } from '../../../src/network/index.ts';
import { createRights, type Rights } from '../../../src/manager/rights.ts';
import { withLine, type Sla } from '../../../src/manager/sla.ts';
import { startStores, type Stores } from '../../../src/store/index.ts';
import { agree, datasource, item, manifestOf } from './fixtures.ts';
import { recording } from './recording.ts';

const store = 'driver-x-core-store';
const items = ['temperature', 'humidity'].map((id) => item(store, `/ts/${id}`, { description: id }));
const caller = '127.0.0.1';

let dir: string;
let arbiter: Arbiter;
let stores: Stores;
let rights: Rights;
/** What reached the network, in order; the network itself needs root, its policy does not. */
let calls: string[];
let sla: Sla;
let ledger: ReturnType<typeof recording>;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rights-'));
  calls = [];
  ledger = recording();
  arbiter = createArbiter({ file: ':memory:', checkAddress: true, log: silent });
  stores = await startStores({ dir, authorise: arbiter.verify, log: silent });
  await stores.open(store);
  arbiter.register({ name: store, type: 'store', key: 's' });
  arbiter.register({ name: 'app-x', type: 'app', key: 'k', address: caller });
  rights = createRights({ arbiter, stores, ledger, network: policyOnly() });
  sla = agree(manifestOf({ datasources: items.map((_, at) => datasource(['temperature', 'humidity'][at] ?? '')) }), {
    choices: { temperature: items[0]?.href ?? '', humidity: items[1]?.href ?? '' },
    catalogue: items,
  });
  await register();
});
afterEach(async () => {
  await stores[Symbol.asyncDispose]();
  arbiter[Symbol.dispose]();
  rmSync(dir, { recursive: true });
});

/** The agreements of the real policy, without a kernel. */
function policyOnly(): Network {
  let policy = nobody;
  const names = () => [...(policy.agreements.get('app-x') ?? new Map<string, Peer>()).keys()];
  return {
    connect(name: string, peers: readonly Peer[]) {
      policy = connected(policy, name, peers);
      calls.push(`connect ${peers.map(nameOfPeer).join(' ')}`);
      return Promise.resolve();
    },
    disconnect(name: string, peers?: readonly string[]) {
      policy = disconnected(policy, name, peers);
      calls.push(`disconnect ${peers?.join(' ') ?? 'all'}; grants ${arbiter.grants('app-x').length}`);
      return Promise.resolve();
    },
    reset(_name: string, peer: string) {
      calls.push(`reset ${peer}; grants ${arbiter.grants('app-x').length}`);
      return Promise.resolve();
    },
    peers: names,
  } as unknown as Network;
}

/** As a driver does: over the store's own door, with a token. */
async function register(): Promise<void> {
  arbiter.register({ name: 'driver-x', type: 'driver', key: 'd', address: '127.0.0.2' });
  await using door = await listen({ address: '127.0.0.1', port: 0, handler: stores.handler(store) });
  arbiter.locate('app-x', '127.0.0.3');
  arbiter.locate('driver-x', caller);
  arbiter.grant('driver-x', { method: 'POST', path: '/cat', target: store }, []);
  const token = arbiter.mint('driver-x', { target: store, path: '/cat', method: 'POST', caveats: [] }, 'rest');
  for (const body of items) {
    const response = await fetch(`http://127.0.0.1:${door.port}/cat`, {
      method: 'POST',
      headers: { 'x-api-key': token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.ok).toBe(true);
  }
}
const paths = () => arbiter.grants('app-x').map(({ method, path }) => `${method} ${path}`);

test('what is agreed is granted once, however often it is applied', async () => {
  await rights.apply(sla);
  const before = arbiter.grants('app-x');
  expect(paths()).toEqual(['GET /ts/temperature', 'GET /ts/temperature/*', 'GET /ts/humidity', 'GET /ts/humidity/*']);
  await rights.apply(sla);
  expect(arbiter.grants('app-x')).toEqual(before);
  expect(calls).toEqual([`connect arbiter export-service ${store}`, `connect arbiter export-service ${store}`]);
});

test('what is given is on record first, what is taken in any case', async () => {
  ledger.disk.isFull = true;
  await expect(rights.apply(sla)).rejects.toMatchObject({ code: 'ledger.unavailable' });
  expect(paths()).toEqual([]);
  ledger.disk.isFull = false;
  await rights.apply(sla);
  const given = ['GET /ts/temperature', 'GET /ts/temperature/*', 'GET /ts/humidity', 'GET /ts/humidity/*'];
  expect(ledger.said()).toEqual(given.map((right) => `grant ${right}`));
  ledger.entries.length = 0;
  await rights.apply(withLine(sla, { datasource: 'temperature' }, true));
  expect(ledger.said()).toEqual(['revoke GET /ts/temperature', 'revoke GET /ts/temperature/*']);
  ledger.disk.isFull = true;
  await expect(rights.end('app-x')).rejects.toMatchObject({ code: 'ledger.unavailable' });
  expect(arbiter.components().map(({ name }) => name)).not.toContain('app-x');
});

test('what is gone is on record as taken', async () => {
  await rights.apply(sla);
  ledger.entries.length = 0;
  await rights.end('app-x');
  expect(ledger.entries).toHaveLength(4);
  expect(ledger.entries[0]).toEqual({
    ...{ kind: 'revoke', component: 'app-x', target: store, path: '/ts/temperature' },
    facts: { method: 'GET', caveats: [] },
  });
});

test('one line among several: its grants go first, then the flows of the pair are reset, the name stays', async () => {
  await rights.apply(sla);
  const mint = () =>
    arbiter.mint('app-x', { target: store, path: '/ts/temperature', method: 'GET', caveats: [] }, 'rest');
  const token = mint();
  const use = { caller: '127.0.0.3', target: store, method: 'GET' as const, path: '/ts/temperature' };
  expect(arbiter.verify(token, use)).toMatchObject({ component: 'app-x' });
  calls = [];
  await rights.apply(withLine(sla, { datasource: 'temperature' }, true));
  expect(paths()).toEqual(['GET /ts/humidity', 'GET /ts/humidity/*']);
  expect(calls[0]).toBe(`reset ${store}; grants 2`);
  expect(() => arbiter.verify(token, use)).toThrow(expect.objectContaining({ code: 'token.invalid' }) as Error);
  expect(mint).toThrow(expect.objectContaining({ code: 'permission.refused' }) as Error);
});

test('the last line of a store: its name goes too', async () => {
  await rights.apply(sla);
  calls = [];
  const none = ['temperature', 'humidity'].reduce((less, id) => withLine(less, { datasource: id }, true), sla);
  await rights.apply(none);
  expect(paths()).toEqual([]);
  expect(calls).toEqual([`disconnect ${store}; grants 0`, 'connect arbiter export-service']);
});

test('a store that is closed withdraws itself, and gives back when it is open again', async () => {
  await rights.apply(sla);
  await stores.close(store);
  await rights.apply(sla);
  expect(paths()).toEqual([]);
  await stores.open(store);
  await rights.apply(sla);
  expect(paths()).toHaveLength(4);
});

test('a store whose catalogue cannot be read takes nothing from the owner: others still change', async () => {
  await rights.apply(sla);
  await stores.open('driver-y-core-store');
  const damaged: Stores = {
    ...stores,
    catalogue: (name) =>
      name === store ? stores.catalogue(name) : Promise.reject(new Failure('store.unavailable', 'damaged')),
  };
  await createRights({ arbiter, stores: damaged, ledger, network: policyOnly() }).apply(
    withLine(sla, { datasource: 'temperature' }, true),
  );
  expect(paths()).toEqual(['GET /ts/humidity', 'GET /ts/humidity/*']);
});

test('grants that no agreement names are taken away', async () => {
  arbiter.grant('app-x', { method: 'POST', path: '/*', target: store }, []);
  await rights.apply(sla);
  expect(paths()).not.toContain('POST /*');
});

test('an older change cannot give back what a newer one took', async () => {
  const less = withLine(sla, { datasource: 'temperature' }, true);
  await Promise.all([rights.apply(sla), rights.apply(less)]);
  expect(paths()).toEqual(['GET /ts/humidity', 'GET /ts/humidity/*']);
});

test('the end of everything: grants, then names', async () => {
  await rights.apply(sla);
  calls = [];
  await rights.end('app-x');
  expect(calls).toEqual(['disconnect all; grants 0']);
  expect(arbiter.components().some(({ name }) => name === 'app-x')).toBe(false);
  calls = [];
  const late = rights.apply(agree(manifestOf()));
  await expect(late).rejects.toMatchObject({ code: 'component.unknown' });
  expect(calls).toEqual([]);
});
