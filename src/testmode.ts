/**
 * testmode — what libraries of the original Databox find on a developer's machine: an arbiter and two stores at fixed ports, with
 * keys that everybody knows.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Arbiter } from './arbiter/index.ts';
import type { Log } from './base/log.ts';
import type { Stores } from './store/index.ts';
import { openBook, startDoor, type Book, type Door, type Service } from './zest/index.ts';

export type TestMode = AsyncDisposable & {
  /** What a client is told, such as `tcp://127.0.0.1:5555`. The open store asks for no token. */
  readonly endpoints: { arbiter: string; store: string; openStore: string };
  /** What an author sets for the libraries of Node and Python; that of Go has the same built in. */
  readonly environment: Record<string, string>;
};

export type TestModeOptions = {
  /** The state directory. */
  dir: string;
  arbiter: Arbiter;
  stores: Stores;
  ports: TestModePorts;
  /** Whether the store at 5555 asks for no token either: some test suites send none. */
  isOpen: boolean;
  log: Log;
};

/** Of requests and of events; 0 takes a free one. */
type Ports = { port: number; pushPort: number };
export type TestModePorts = Readonly<Record<'arbiter' | 'store' | 'openStore', Ports>>;

const pairOf = (port: number): Ports => ({ port, pushPort: port + 1 });
const free: Ports = { port: 0, pushPort: 0 };
/** `fixed`: those that the libraries have built in. */
export const testModePorts: Readonly<Record<'fixed' | 'free', TestModePorts>> = {
  fixed: { arbiter: pairOf(4444), store: pairOf(5555), openStore: pairOf(3333) },
  free: { arbiter: free, store: free, openStore: free },
};

/** The pair that is built into the libraries. A secret it is not. */
const secretKey = 'EKy(xjAnIfg6AT+OGd?nS1Mi5zZ&b*VXA@WxNLLE';
const publicKey = 'vl6wu0A@XP?}Or/&BR#LSxn>A+}L)p44/W[wXL3<';
/** Of the management, and of the app: the libraries send it from anywhere outside a Databox. */
const key = 'secret';
/** The host of an endpoint is what tokens for it name. */
const target = '127.0.0.1';
const testDestination = 'https://export.amar.io/';
const own = { store: 'test-mode', openStore: 'test-mode-open' };

/** @throws the system's EADDRINUSE when one of the ports is taken */
export async function startTestMode(options: TestModeOptions): Promise<TestMode> {
  const { dir, arbiter, stores, ports, isOpen, log } = options;
  await using up = new AsyncDisposableStack();
  // The thread that opens stores has to start first: what needs none is done meanwhile.
  const opening = Promise.all(Object.values(own).map((name) => stores.open(name)));
  const app = seed(arbiter);
  const book = up.use(openBook(join(dir, 'zest.sqlite')));
  await opening;
  const serve = async (page: keyof TestModePorts, name: string, service: Service): Promise<Door> =>
    up.use(await serveAt({ book, page, name, service, ...ports[page], log }));
  const aliases = { localhost: target };
  const doors = {
    arbiter: await serve('arbiter', 'arbiter', arbiter.wire({ managementKey: key, guest: app, aliases })),
    store: await serve('store', target, stores.wire(own.store, { target, isOpen, audits: true })),
    openStore: await serve('openStore', target, stores.wire(own.openStore, { target, isOpen: true })),
  };
  const endpoint = ({ port }: Door): string => `tcp://${target}:${port}`;
  const [arbiterAt, store] = [endpoint(doors.arbiter), endpoint(doors.store)];
  const way = up.move();
  return {
    endpoints: { arbiter: arbiterAt, store, openStore: endpoint(doors.openStore) },
    environment: {
      DATABOX_LOCAL_NAME: app,
      DATABOX_ARBITER_ENDPOINT: arbiterAt,
      DATABOX_ZMQ_ENDPOINT: store,
      DATABOX_ZMQ_DEALER_ENDPOINT: `tcp://${target}:${doors.store.pushPort}`,
      ARBITER_TOKEN: key,
      CORE_STORE_KEY: publicKey,
    },
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

type At = Ports & { book: Book; page: string; name: string; service: Service; log: Log };
const serveAt = ({ book, page, name, service, port, pushPort, log }: At): Promise<Door> =>
  startDoor({
    ...{ target: name, address: target, caller: target, port, pushPort },
    ...{ secretKey, service, page: book.of(page), log: log.child({ part: 'zest', store: name }) },
  });

/**
 * Once, at the start: what a test suite changes stays as it has it. A component that is known from before keeps its tokens.
 * @returns the app's name
 */
function seed(arbiter: Arbiter): string {
  // A client says its host name; the machine's may be one that no component can have.
  const host = hostname().toLowerCase();
  const app = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(host) ? host : 'developer';
  const known = new Set(arbiter.components().map(({ name }) => name));
  if (!known.has(target)) arbiter.register({ name: target, type: 'store', key: 'storeSecret' });
  if (!known.has(app)) arbiter.register({ name: app, type: 'app', key });
  arbiter.grant(app, { method: 'POST', path: '/export/lp', target }, [{ destination: testDestination }]);
  for (const method of ['POST', 'GET', 'DELETE'] as const) {
    arbiter.grant(app, { method, path: '/*', target }, []);
  }
  return app;
}
