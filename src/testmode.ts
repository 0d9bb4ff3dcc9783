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
  /** Free ports in the place of those that the libraries have built in. */
  onFreePorts: boolean;
  /** Whether the store at 5555 asks for no token either: some test suites send none. */
  isOpen: boolean;
  log: Log;
};

/** The pair that is built into the libraries. A secret it is not. */
const secretKey = 'EKy(xjAnIfg6AT+OGd?nS1Mi5zZ&b*VXA@WxNLLE';
const publicKey = 'vl6wu0A@XP?}Or/&BR#LSxn>A+}L)p44/W[wXL3<';
/** Of the management, and of the app: the libraries send it from anywhere outside a Databox. */
const key = 'secret';
/** The host of an endpoint is what tokens for it name. */
const target = '127.0.0.1';
const testDestination = 'https://export.amar.io/';
const fixed = { arbiter: 4444, store: 5555, openStore: 3333 };
/** Those that must be free. */
export const testModePorts = Object.values(fixed).flatMap((port) => [port, port + 1]);
const own = { store: 'test-mode', openStore: 'test-mode-open' };

/** @throws the system's EADDRINUSE when one of the ports is taken */
export async function startTestMode(options: TestModeOptions): Promise<TestMode> {
  const { dir, arbiter, stores, onFreePorts, isOpen, log } = options;
  const app = seed(arbiter);
  for (const name of Object.values(own)) await stores.open(name);
  await using up = new AsyncDisposableStack();
  const book = up.use(openBook(join(dir, 'zest.sqlite')));
  const serve = async (page: keyof typeof fixed, name: string, service: Service): Promise<Door> =>
    up.use(await serveAt({ book, page, name, service, port: onFreePorts ? 0 : fixed[page], log }));
  const aliases = { localhost: target };
  const doors = {
    arbiter: await serve('arbiter', 'arbiter', arbiter.wire({ managementKey: key, guest: app, aliases })),
    store: await serve('store', target, stores.wire(own.store, { target, isOpen })),
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

type At = { book: Book; page: string; name: string; service: Service; port: number; log: Log };
const serveAt = ({ book, page, name, service, port, log }: At): Promise<Door> =>
  startDoor({
    ...{ target: name, address: target, caller: target, port, pushPort: port === 0 ? 0 : port + 1 },
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
