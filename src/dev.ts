/** The author's desk: arbiter, stores, export and app store on one loopback port. No Docker, no root, nothing enforced. */
import { join } from 'node:path';
import { startAppstore, type Appstore, type Manifest } from './appstore/index.ts';
import { createArbiter, type Arbiter } from './arbiter/index.ts';
import type { Config } from './base/config.ts';
import { createConnections } from './base/connections.ts';
import { describedBy, descriptionPath } from './base/description.ts';
import { Failure } from './base/errors.ts';
import { parseJson, readBody, sendJson, sendProblem } from './base/http.ts';
import { listen, type Handler } from './base/listen.ts';
import { lockDirectory } from './base/lock.ts';
import type { Log } from './base/log.ts';
import { methods, storeName } from './base/names.ts';
import { refuseHalfWiped } from './base/wiping.ts';
import { startExport } from './export/index.ts';
import { startStores, type Stores } from './store/index.ts';
import { startTestMode, testModePorts, type TestMode, type TestModeOptions, type TestModePorts } from './testmode.ts';

export type Desk = AsyncDisposable & {
  readonly url: string;
  /** What libraries of the original find; `problem` says why they find nothing. */
  readonly testMode: Pick<TestMode, 'endpoints' | 'environment'> | { problem: string };
  /** For each component: the variables its author has to set, by name. */
  environments(): Record<string, Record<string, string>>;
};

export type DeskOptions = {
  config: Config;
  log: Log;
  signal: AbortSignal;
  /** 0 takes a free one. */
  port: number;
  /** For libraries of the original: at the ports that they have built in, free ones, these, or not at all, the default. */
  zest?: 'fixed' | 'free' | 'off' | TestModePorts;
  /** Their store asks for no token. */
  openStore?: boolean;
};

type Parts = { arbiter: Arbiter; stores: Stores; appstore: Appstore; outbox: { handler: Handler } };

/**
 * One plain HTTP listener on 127.0.0.1; the host's name is the first segment of the path: `/arbiter/token`,
 * `/driver-x-core-store/ts/a/latest`, `/export-service/export`. Every manifest of the repositories is a component with
 * a store of its own, all rights on every store, and the key `dev-<name>`; `POST /app-store/manifests` adds one.
 * @throws Failure `databox.running` when another process holds the state directory, `wipe.unfinished`
 */
export async function startDesk(options: DeskOptions): Promise<Desk> {
  const { config, log, signal, port } = options;
  const dir = config['state.dir'];
  await using up = new AsyncDisposableStack();
  up.use(lockDirectory(dir));
  refuseHalfWiped(dir);
  const arbiter = up.use(createArbiter({ file: join(dir, 'arbiter.sqlite'), checkAddress: false, log }));
  const stores = up.use(await startStores({ dir: join(dir, 'stores'), authorise: arbiter.verify, log }));
  const outbox = up.use(
    startExport({ config, file: join(dir, 'export.sqlite'), authorise: arbiter.verify, log, signal }),
  );
  const appstore = up.use(
    await startAppstore({
      ...{ file: join(dir, 'appstore.sqlite'), log, signal },
      repositories: config['appstore.repositories'],
      syncMinutes: config['appstore.sync-minutes'],
      release: config.release,
    }),
  );
  const parts: Parts = { arbiter, stores, appstore, outbox };
  // Once: a target that is registered again gets a new secret, and every token for it dies.
  arbiter.register({ name: 'export-service', type: 'system', key: keyOf('export-service') });
  await appstore.sync();
  for (const { manifest } of appstore.list()) await seat(parts, manifest);
  const server = up.use(
    await listen({ address: '127.0.0.1', port, handler: dispatch(parts), connections: createConnections(4_096) }),
  );
  const url = `http://127.0.0.1:${server.port}`;
  const testMode = await openTestMode(up, { ...options, dir, arbiter, stores });
  const way = up.move();
  return {
    url,
    testMode,
    environments: () =>
      Object.fromEntries(appstore.list().map(({ manifest }) => [manifest.name, environment(url, manifest, appstore)])),
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

type Original = Pick<DeskOptions, 'zest' | 'openStore' | 'log'> & Pick<TestModeOptions, 'dir' | 'arbiter' | 'stores'>;

const problems: ReadonlyMap<string, string> = new Map([
  [
    'EADDRINUSE',
    `another program has one of the ports ${Object.values(testModePorts.fixed).flatMap(Object.values).join(', ')}`,
  ],
  ['ERR_DLOPEN_FAILED', 'the native part of ZeroMQ cannot be loaded; it needs libstdc++6'],
]);

/** Another program may have one of the ports: whoever works with REST is not kept from it. */
async function openTestMode(up: AsyncDisposableStack, original: Original): Promise<Desk['testMode']> {
  const { zest = 'off', openStore = false, ...parts } = original;
  if (zest === 'off') return { problem: 'it was not asked for' };
  try {
    const ports = typeof zest === 'string' ? testModePorts[zest] : zest;
    return up.use(await startTestMode({ ...parts, ports, isOpen: openStore }));
  } catch (err) {
    const problem = problems.get((err as NodeJS.ErrnoException).code ?? '');
    if (problem === undefined) throw err;
    return { problem };
  }
}

const keyOf = (name: string): string => `dev-${name}`;

/** Registers a component, opens its store, and gives everybody every store. */
async function seat({ arbiter, stores }: Parts, manifest: Manifest): Promise<void> {
  const { name } = manifest;
  arbiter.register({ name, type: manifest['databox-type'], key: keyOf(name) });
  arbiter.register({ name: storeName(name), type: 'store', key: keyOf(storeName(name)) });
  await stores.open(storeName(name));
  const everyone = arbiter.components().filter(({ type }) => type === 'app' || type === 'driver');
  for (const { name: reader } of everyone) {
    for (const store of stores.names()) {
      for (const method of methods) arbiter.grant(reader, { method, path: '/*', target: store }, []);
    }
  }
  for (const { url } of manifest['export-whitelist']) {
    for (const path of ['/export', '/lp/export']) {
      arbiter.grant(name, { method: 'POST', path, target: 'export-service' }, [{ destination: url }]);
    }
  }
}

const describe = describedBy(new URL('./openapi.json', import.meta.url));

/** Gives a request to the part that its first segment names, without that segment. */
function dispatch(parts: Parts): Handler {
  return (req, res) => {
    const [, host = '', rest = '/'] = /^\/([^/?]*)(.*)$/s.exec(req.url ?? '') ?? [];
    try {
      if (`/${host}` === descriptionPath && req.method === 'GET') return describe(res);
      if (host === 'app-store') return void manifests(parts, rest)(req, res);
      const handler = handlerOf(parts, host);
      req.url = rest;
      handler(req, res);
    } catch (err) {
      sendProblem(res, err);
    }
  };
}

function handlerOf({ arbiter, stores, outbox }: Parts, host: string): Handler {
  if (host === 'arbiter') return arbiter.handler;
  if (host === 'export-service') return outbox.handler;
  if (stores.names().includes(host)) return stores.handler(host);
  const hosts = ['arbiter', 'export-service', 'app-store', ...stores.names()];
  throw new Failure('path.unknown', `the path begins with a host's name: ${hosts.join(', ')}`, { hosts });
}

/** `GET /app-store/manifests` lists, `POST` checks one and seats it. */
const manifests =
  (parts: Parts, path: string) =>
  async (...[req, res]: Parameters<Handler>): Promise<void> => {
    try {
      if (path !== '/manifests') throw new Failure('path.unknown', 'the app store has /app-store/manifests here');
      if (req.method === 'GET') return sendJson(res, 200, parts.appstore.list());
      if (req.method !== 'POST') throw new Failure('method.refused', 'GET or POST');
      const entry = parts.appstore.add(parseJson((await readBody(req, 256 * 1024)).toString()));
      await seat(parts, entry.manifest);
      sendJson(res, 200, entry);
    } catch (err) {
      sendProblem(res, err);
    }
  };

function environment(url: string, manifest: Manifest, appstore: Appstore): Record<string, string> {
  const { name } = manifest;
  return {
    DATABOX_DEV_URL: url,
    DATABOX_LOCAL_NAME: name,
    ARBITER_TOKEN: keyOf(name),
    DATABOX_ZMQ_ENDPOINT: `tcp://${storeName(name)}:5555`,
    ...Object.fromEntries(
      manifest.datasources.map(({ clientid, type }) => [`DATASOURCE_${clientid}`, itemOf(appstore, type)]),
    ),
  };
}

/** The datasource that a driver of the repositories promises; its id is its type, as in most drivers. */
function itemOf(appstore: Appstore, type: string): string {
  const drivers = appstore.list().map(({ manifest }) => manifest);
  for (const { name, provides } of drivers) {
    const promised = provides.find((each) => each['data-source-type'] === type);
    if (!promised) continue;
    const href = `tcp://${storeName(name)}:5555/${promised['store-type']}/${type}`;
    const rels = { hasType: type, hasDatasourceid: type, hasStoreType: promised['store-type'] };
    const metadata = Object.entries(rels).map(([rel, val]) => ({ rel: `urn:X-databox:rels:${rel}`, val }));
    return JSON.stringify({ 'item-metadata': metadata, href });
  }
  return '';
}
