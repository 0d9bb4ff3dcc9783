import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { globSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  addressOfHref,
  connect,
  dataSourceMetadataToHypercat,
  hypercatToDataSourceMetadata,
  newDataSourceMetadata,
  retry,
  DataboxError,
} from '../../../src/client/index.ts';
import { readPlace } from '../../../src/client/place.ts';

let secrets: string;
beforeEach(() => (secrets = mkdtempSync(join(tmpdir(), 'databox-secrets-'))));
afterEach(() => rmSync(secrets, { recursive: true }));
const inContainer = {
  DATABOX_LOCAL_NAME: 'app-x',
  DATABOX_ARBITER_ENDPOINT: 'tcp://arbiter:4444',
  DATABOX_ZMQ_ENDPOINT: 'tcp://app-x-core-store:5555',
};

test.each([
  ['arbiter', 'https://arbiter:8080'],
  ['driver-y-core-store', 'https://driver-y-core-store:8080'],
  ['export-service', 'https://export-service:8080'],
])('in a container %s is at %s', (host, base) =>
  expect(readPlace({ env: inContainer, secrets }).baseOf(host)).toBe(base),
);

test('in `databox dev` the host is the first segment of the path', () => {
  const env = { ...inContainer, DATABOX_DEV_URL: 'http://127.0.0.1:8080/' };
  expect(readPlace({ env, secrets }).baseOf('arbiter')).toBe('http://127.0.0.1:8080/arbiter');
});

test('the key comes from the secret file, else from the environment', () => {
  const env = { ...inContainer, ARBITER_TOKEN: 'from env' };
  expect(readPlace({ env, secrets }).key()).toBe('from env');
  writeFileSync(join(secrets, 'ARBITER_TOKEN'), 'from file');
  expect(readPlace({ env, secrets }).key()).toBe('from file');
  expect(() => readPlace({ env: inContainer, secrets: '/nowhere' }).key()).toThrow(/ARBITER_TOKEN/);
});

test('outside a component nothing is guessed', () =>
  expect(() => connect({ env: {}, secrets })).toThrow(
    expect.objectContaining({ code: 'environment.invalid' }) as Error,
  ));

test('the own store is found by its endpoint, else by the component’s name', () => {
  expect(connect({ env: inContainer, secrets }).store().name).toBe('app-x-core-store');
  expect(connect({ env: { DATABOX_LOCAL_NAME: 'a' }, secrets }).store().name).toBe('a-core-store');
});

test('key and certificate are taken out of DATABOX.pem', () => {
  const block = (what: string) => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----`;
  const pem = ['CERTIFICATE', 'RSA PRIVATE KEY', 'PUBLIC KEY'].map(block).join('\n');
  const box = connect({ env: inContainer, secrets });
  expect(box.httpsCredentials()).toBeUndefined();
  writeFileSync(join(secrets, 'DATABOX.pem'), pem);
  expect(box.httpsCredentials()).toEqual({ key: `${block('RSA PRIVATE KEY')}\n`, cert: `${block('CERTIFICATE')}\n` });
  writeFileSync(join(secrets, 'DATABOX.pem'), block('CERTIFICATE'));
  expect(() => box.httpsCredentials()).toThrow(/lacks/);
});

test('metadata survives hypercat and back', () => {
  const metadata = newDataSourceMetadata({ dataSourceId: 'm', storeType: 'ts/blob', unit: 'B', isFunc: true });
  expect(hypercatToDataSourceMetadata(dataSourceMetadataToHypercat('s', metadata))).toEqual(metadata);
});

test('flags may be text, ids may be numbers', () => {
  const item = {
    href: 'tcp://s:5555/kv/lamp',
    'item-metadata': [
      { rel: 'urn:X-databox:rels:isActuator', val: 'True' },
      { rel: 'urn:X-databox:rels:hasDatasourceid', val: 7 },
    ],
  };
  expect(hypercatToDataSourceMetadata(item)).toMatchObject({ isActuator: true, dataSourceId: '7', storeType: 'kv' });
});

test.each(['', 'tcp://s:5555/ts', 'tcp://s:5555/other/x', 'tcp://s:5555/ts/a/b', '/ts/x'])(
  '%j is no address of a datasource',
  (href) => expect(() => addressOfHref(href)).toThrow(DataboxError),
);

test('retry stops at a failure that will not pass, and at the signal', async () => {
  let tries = 0;
  const failing = (err: Error) => async () => {
    tries++;
    return Promise.reject(err);
  };
  await expect(retry(failing(new DataboxError('permission.refused', 'no', { status: 403 })))).rejects.toThrow('no');
  expect(tries).toBe(1);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await expect(retry(failing(new DataboxError('unreachable', 'gone')), { signal: stop.signal })).rejects.toThrow();
});

test('the client imports nothing but itself and node', () => {
  const imports = globSync('src/client/**/*.ts').flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/from '([^']+)'/g)].map(([, name = '']) =>
      name.startsWith('.') ? join(dirname(path), name) : name,
    ),
  );
  expect(imports.length).toBeGreaterThan(50);
  expect(imports.filter((name) => !/^(node:|src\/client\/)/.test(name))).toEqual([]);
});
