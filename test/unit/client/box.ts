import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArbiter, type Arbiter } from '../../../src/arbiter/index.ts';
import { listen, type Listener } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { startStores, type Stores } from '../../../src/store/index.ts';
import { connect, type Databox } from '../../../src/client/index.ts';
import { createAuthority } from '../appstore/authority.ts';

export type Box = AsyncDisposable & {
  arbiter: Arbiter;
  stores: Stores;
  /** Requests so far, as `POST /arbiter/token`. */
  asked: string[];
  /** Stops answering; `up` begins again on the same port. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** A component's client, with its key and the box's authority in files as in a container. */
  join(name: string, env?: Record<string, string>): Databox;
  /** What the manager would tell a component. */
  place(name: string, env?: Record<string, string>): { env: Record<string, string>; secrets: string };
  /** What serves a host before arbiter and stores are asked. */
  extra: Record<string, (req: IncomingMessage, res: ServerResponse) => void>;
};

/**
 * The real arbiter and the real stores behind one HTTPS address, where the first segment of a path is the host, as in
 * `databox dev`. `driver` has a store of its own, `app` has none.
 */
export async function startBox(now: () => number = Date.now): Promise<Box> {
  const dir = mkdtempSync(join(tmpdir(), 'databox-client-'));
  const { ca, ...tls } = await createAuthority();
  const arbiter = createArbiter({ file: ':memory:', log: silent, checkAddress: false, now });
  const stores = await startStores({ dir: join(dir, 'stores'), authorise: arbiter.verify, log: silent });
  for (const [name, type] of [
    ['driver', 'driver'],
    ['app', 'app'],
    ['driver-core-store', 'store'],
  ] as const) {
    arbiter.register({ name, type, key: `key of ${name}` });
  }
  await stores.open('driver-core-store');
  for (const method of ['GET', 'POST', 'DELETE'] as const) {
    arbiter.grant('driver', { method, path: '/*', target: 'driver-core-store' }, []);
  }
  const asked: string[] = [];
  const extra: Box['extra'] = {};
  const handler = (req: IncomingMessage, res: ServerResponse): void => {
    asked.push(`${req.method} ${req.url}`);
    const [, host = '', rest = ''] = /^\/([^/]+)(\/.*)$/.exec(req.url ?? '') ?? [];
    req.url = rest;
    const serve = extra[host] ?? (host === 'arbiter' ? arbiter.handler : stores.handler(host));
    void serve(req, res);
  };
  let listener: Listener = await listen({ address: '127.0.0.1', port: 0, tls, handler });
  const { port } = listener;
  const clients: Databox[] = [];
  const place: Box['place'] = (name, env = {}) => {
    const secrets = mkdtempSync(join(dir, `${name}-`));
    writeFileSync(join(secrets, 'ARBITER_TOKEN'), `key of ${name}`);
    writeFileSync(join(secrets, 'DATABOX_ROOT_CA'), ca);
    const told = { DATABOX_LOCAL_NAME: name, DATABOX_DEV_URL: `https://localhost:${port}/`, ...env };
    return { env: told, secrets };
  };
  return {
    ...{ arbiter, stores, asked, extra },
    down: async () => listener[Symbol.asyncDispose](),
    up: async () => void (listener = await listen({ address: '127.0.0.1', port, tls, handler })),
    place,
    join(name, env) {
      const client = connect(place(name, env));
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      await listener[Symbol.asyncDispose]();
      await stores[Symbol.asyncDispose]();
      arbiter[Symbol.dispose]();
      rmSync(dir, { recursive: true });
    },
  };
}
