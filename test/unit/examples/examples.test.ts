import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { parseManifest } from '../../../src/appstore/index.ts';
import { listen, type Listener } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { dataSourceMetadataToHypercat } from '../../../src/client/index.ts';
import { startStores, type Stores } from '../../../src/store/index.ts';
import { datasources } from '../../../examples/driver-os-monitor/src/measure.ts';
import { freePort } from '../../free-port.ts';

const manifestOf = (name: string) =>
  parseManifest(JSON.parse(readFileSync(`examples/${name}/databox-manifest.json`, 'utf8')));

test.each(['driver-os-monitor', 'app-os-monitor'])('the manifest of %s is valid, without a warning', (name) => {
  const { manifest, warnings } = manifestOf(name);
  expect([manifest.name, warnings]).toEqual([name, []]);
});

test('what the app asks for is what the driver provides, and registers', () => {
  const provided = manifestOf('driver-os-monitor').manifest.provides;
  expect(provided.map((one) => [one['data-source-type'], one['store-type']])).toEqual(
    datasources.map(({ dataSourceType, storeType }) => [dataSourceType, storeType]),
  );
  expect(manifestOf('app-os-monitor').manifest.datasources.map(({ type }) => type)).toEqual(
    datasources.map(({ dataSourceType }) => dataSourceType),
  );
});

describe('both together', () => {
  const store = 'driver-os-monitor-core-store';
  const children: ChildProcess[] = [];
  const [dir, target] = [mkdtempSync(join(tmpdir(), 'databox-examples-')), store];
  const arbiter = createArbiter({ file: ':memory:', log: silent, checkAddress: false });
  let stores: Stores;
  let box: Listener;
  let [driverPort, appPort] = [0, 0];

  const permit = () => {
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      arbiter.grant('driver-os-monitor', { method, path: '/*', target }, []);
    }
    for (const { storeType, dataSourceId } of datasources) {
      const path = `/${storeType}/${dataSourceId}`;
      arbiter.grant('app-os-monitor', { method: 'GET', path, target }, []);
      arbiter.grant('app-os-monitor', { method: 'GET', path: `${path}/*`, target }, []);
    }
  };
  const start = (name: string, env: Record<string, string>) => {
    const told = { DATABOX_LOCAL_NAME: name, DATABOX_DEV_URL: `http://127.0.0.1:${box.port}`, ARBITER_TOKEN: name };
    children.push(
      spawn(process.execPath, [`examples/${name}/src/main.ts`], { env: { ...told, ...env }, stdio: 'ignore' }),
    );
  };
  const ask = async (port: number, path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  type Stats = { mem: { samples: number }; structured: { load: { samples: number } } };
  const until = async (what: () => Promise<boolean>) => {
    while (!(await what().catch(() => false))) await new Promise((done) => setTimeout(done, 100));
  };

  beforeAll(async () => {
    for (const name of ['driver-os-monitor', 'app-os-monitor']) arbiter.register({ name, type: 'app', key: name });
    arbiter.register({ name: store, type: 'store', key: store });
    stores = await startStores({ dir, authorise: arbiter.verify, log: silent });
    [driverPort, appPort] = [await freePort(), await freePort()];
    const handler: Parameters<typeof listen>[0]['handler'] = (req, res) => {
      const [, host = '', rest = ''] = /^\/([^/]+)(\/.*)$/.exec(req.url ?? '') ?? [];
      req.url = rest;
      void (host === 'arbiter' ? arbiter.handler : stores.handler(host))(req, res);
    };
    box = await listen({ address: '127.0.0.1', port: 0, handler });
    const variables = datasources.map((metadata) => [
      `DATASOURCE_${metadata.dataSourceId}`,
      JSON.stringify(dataSourceMetadataToHypercat(store, metadata)),
    ]);
    // Neither store nor permissions are there yet: both must wait for them.
    start('driver-os-monitor', { PORT: String(driverPort) });
    start('app-os-monitor', { PORT: String(appPort), ...(Object.fromEntries(variables) as Record<string, string>) });
    await until(async () => (await ask(appPort, '/status')).ok && (await ask(driverPort, '/status')).ok);
    permit();
    await stores.open(store);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await box[Symbol.asyncDispose]();
    await stores[Symbol.asyncDispose]();
    arbiter[Symbol.dispose]();
    rmSync(dir, { recursive: true });
  });

  test('the app reads what the driver writes', async () => {
    await until(async () => ((await (await ask(appPort, '/ui/stats')).json()) as Stats).mem.samples >= 3);
    const text = await (await ask(appPort, '/ui/stats')).text();
    expect(text).toMatch(/"mem":\{"min":\d+/);
    expect((JSON.parse(text) as Stats).structured.load.samples).toBeGreaterThan(0);
  }, 20_000);

  test('the chart is a picture with a line in it', async () => {
    const res = await ask(appPort, '/ui/mem.png');
    expect(res.headers.get('content-type')).toBe('image/png');
    const png = PNG.sync.read(Buffer.from(await res.arrayBuffer()));
    expect([png.width, png.height]).toEqual([800, 400]);
    const blue = [...Array(800 * 400).keys()].filter((at) => png.data.readUIntBE(at * 4, 3) === 0x1f77b4);
    expect(blue.length).toBeGreaterThan(300);
  });

  test('pages and status answer, an unpermitted export is refused with its reason', async () => {
    expect(await (await ask(driverPort, '/status')).text()).toBe('active');
    for (const port of [driverPort, appPort]) {
      const page = await (await ask(port, '/ui/')).text();
      expect(page).toContain('<!doctype html>');
      expect(page).not.toMatch(/(src|href)="\//);
    }
    expect((await ask(appPort, '/ui/export')).status).toBe(404);
    const refused = await fetch(`http://127.0.0.1:${appPort}/ui/export`, { method: 'POST' });
    expect([refused.status, await refused.text()]).toEqual([502, expect.stringContaining('permission.refused')]);
  });

  test('both end at SIGTERM with 0', async () => {
    const ended = children.map((child) => new Promise((done) => child.once('exit', done)));
    for (const child of children) child.kill('SIGTERM');
    expect(await Promise.all(ended)).toEqual([0, 0]);
  });
});
