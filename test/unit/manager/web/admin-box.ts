/**
 * A running admin socket: real stores, outbox and app store behind it; manager and network are the far side, because
 * theirs needs Docker and a kernel.
 */
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifest, startAppstore } from '../../../../src/appstore/index.ts';
import { loadConfig } from '../../../../src/base/config.ts';
import { Failure } from '../../../../src/base/errors.ts';
import { listen } from '../../../../src/base/listen.ts';
import { silent } from '../../../../src/base/log.ts';
import { startExport } from '../../../../src/export/index.ts';
import { startLedger } from '../../../../src/ledger/index.ts';
import { type Admin, startAdmin } from '../../../../src/manager/web/index.ts';
import type { AdminOptions } from '../../../../src/manager/web/types.ts';
import { refuseForeignBackup } from '../../../../src/manager/backups.ts';
import { startStores, type Stores } from '../../../../src/store/index.ts';
import { mintFor } from '../../../../src/manager/token.ts';
import type { TokenWish } from '../../../../src/manager/face.ts';
import { minting } from '../minting.ts';
import { type Calls, farManager, slaOf, statusOf } from './far-side.ts';

export const app = {
  ...{ 'manifest-version': 1, name: 'app-x', 'databox-type': 'app', version: '1.0.0', description: 'Reads the load' },
  ...{ author: 'A', license: 'MIT', tags: [], homepage: 'https://a.example' },
  datasources: [{ type: 'loadavg1', required: true, name: 'load', clientid: 'LOAD', granularities: [] }],
};

export async function startAdminBox() {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'dbx-admin-'));
  up.defer(() => rmSync(dir, { recursive: true, force: true }));
  const config = loadConfig({ flags: { 'state.dir': dir, 'run.dir': join(dir, 'run') } });
  const signal = new AbortController().signal;
  mkdirSync(join(dir, 'shop'));
  writeFileSync(join(dir, 'shop', 'app-x.json'), JSON.stringify(app));
  writeFileSync(join(dir, 'shop', 'broken.json'), '{');
  const authorise = () => ({ component: 'driver-x', grant: 1 });
  const ledger = up.use(startLedger({ dir: join(dir, 'ledger'), log: silent }));
  const stores = up.use(
    await startStores({
      ...{ dir: join(dir, 'stores'), authorise, log: silent },
      ledger: { ...ledger, refused: () => Promise.resolve() },
    }),
  );
  await stores.open('driver-x-core-store');
  await fill(stores.handler('driver-x-core-store'));
  const outbox = up.use(startExport({ config, file: join(dir, 'export.sqlite'), authorise, log: silent, signal }));
  const appstore = up.use(
    await startAppstore({
      ...{ dir: join(dir, 'repositories'), file: join(dir, 'appstore.sqlite'), repositories: [join(dir, 'shop')] },
      ...{ syncMinutes: 60, release: '0.5.2', log: silent, signal },
    }),
  );
  await appstore.sync();
  const manager = adminManager(stores);
  const { network, calls } = farNetwork();
  const stops: string[] = [];
  const parts: AdminOptions = {
    ...{ config, manager, network, stores, outbox, appstore, ledger, log: silent },
    stop: () => void stops.push('stop'),
  };
  const admin: Admin = up.use(await startAdmin(parts));
  const way = up.move();
  return {
    ...{ dir, stores, runDir: join(dir, 'run'), admin, manager, parts, stops, networkCalls: calls },
    ask: (method: string, path: string, body?: unknown) => askSocket({ socketPath: admin.path, method, path, body }),
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}
export type AdminBox = Awaited<ReturnType<typeof startAdminBox>>;

type Reply = { status: number; type: string; body: string; json: () => unknown };
export function askSocket(o: { socketPath: string; method: string; path: string; body?: unknown }): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { socketPath, method, path } = o;
    const req = request({ socketPath, method, path, agent: false }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (part: string) => (body += part));
      res.on('end', () => {
        const { statusCode: status = 0, headers } = res;
        resolve({ status, type: headers['content-type'] ?? '', body, json: () => JSON.parse(body) as unknown });
      });
    });
    req.on('error', reject).end(o.body === undefined ? undefined : JSON.stringify(o.body));
  });
}

async function fill(handler: ReturnType<Awaited<ReturnType<typeof startStores>>['handler']>): Promise<void> {
  await using http = await listen({ address: '127.0.0.1', port: 0, handler });
  for (const value of [0.25, 0.5]) {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'any' },
      body: JSON.stringify({ value }),
    };
    const reply = await fetch(`http://127.0.0.1:${http.port}/ts/loadavg1`, options);
    if (!reply.ok) throw new Error(await reply.text());
  }
}

const fail = (): never => {
  throw new Error('the manifest of this file asks for a datasource');
};
const item = (href: string) => ({
  'item-metadata': [{ rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'Load \u001b[31mred' }],
  href,
});
export const hrefs = ['tcp://driver-x-core-store:5555/ts/loadavg1', 'tcp://driver-y-core-store:5555/ts/loadavg1'];

/** Whose stores these are. */
const ownerOfStore = { component: 'driver-x', type: 'driver', origin: 'owner' } as const;
const installed = { ...slaOf('driver-x'), type: 'driver' } as const;

function adminManager(stores: Stores) {
  const far = farManager({ tls: { key: '', cert: '' }, rootPem: '' });
  far.components.push(
    statusOf('app-y', {
      state: 'failed',
      status: 'failed',
      error: 'crashed\u001b[2J\nFAKE  app-z  running',
      restarts: 8,
    }),
    statusOf('driver-x', { type: 'driver' }),
  );
  const minter = minting();
  /** What a test makes of it. */
  const given = {
    candidates: [hrefs[0] ?? ''],
    installFailure: undefined as Failure | undefined,
    /** An install takes until then. */
    installUntil: Promise.resolve(),
  };
  const more = {
    given,
    status: () =>
      Promise.resolve({
        ...{ version: '1', release: '0.5.2', startedAt: 0, pool: '10.196.0.0/16', healthy: false, stores: 1 },
        ...{ problems: ['the rules were flushed'], clockJumps: [] },
        components: { waiting: 0, preparing: 0, starting: 0, running: 1, complete: 0, failed: 1, shutdown: 0 },
      }),
    review: ({ name, manifest }: { name?: string; manifest?: typeof app }) => {
      if (name === 'nothing') throw new Failure('manifest.unknown', 'no repository has nothing');
      const about = parseManifest(manifest ?? { ...app, name }).manifest;
      const { type, clientid, name: label, required } = app.datasources[0] ?? fail();
      const wish = {
        type,
        clientid,
        name: label,
        required,
        min: 1,
        max: 1,
        chosen: [],
        candidates: given.candidates.map(item),
      };
      return Promise.resolve({
        ...{ manifest: about, warnings: ['sloppy'], origin: 'owner', risk: 4, installed: about.name === 'driver-x' },
        changed: about.name === 'driver-x' ? [] : null,
        asks: [{ kind: 'read', sentence: 'May read the load.\u001b]0;x\u0007', detail: 'LOAD' }],
        ...{ datasources: [wish], image: { reference: 'x/app-x:1', id: null, preferred: 'x/app-x:1' } },
      });
    },
    check: (argument: unknown) => Promise.resolve(void far.calls.push({ name: 'check', argument })),
    async install(argument: unknown, report: (progress: { step: string; message: string }) => void) {
      far.calls.push({ name: 'install', argument });
      report({ step: 'network', message: 'Making a network' });
      await given.installUntil;
      report({ step: 'container', message: 'Starting a container' });
      if (given.installFailure) throw given.installFailure;
      far.calls.push({ name: 'install ended', argument });
    },
    checkReplacement: (argument: unknown) => Promise.resolve(void far.calls.push({ name: 'check', argument })),
    replace: (argument: unknown) => Promise.resolve(void far.calls.push({ name: 'replace', argument })),
    token: (name: string, asked: TokenWish) => mintFor(minter.core, name, asked),
    backup: (store: string) => stores.backup(store, ownerOfStore),
    restore: (name: string, source: AsyncIterable<Buffer>) =>
      stores.restore({ name, source, fits: (header) => refuseForeignBackup(header, name, installed) }),
    excess: () => [
      {
        component: 'app-y',
        service: 'driver-x-core-store',
        what: 'requests' as const,
        count: 23,
        at: 1_767_225_600_000,
      },
    ],
    // Where no Docker engine is.
    engine: () => ({ host: 'unix:///nonexistent/docker.sock', arch: 'amd64' }),
    dataSources: () => Promise.resolve(given.candidates.map(item)),
    async logs(name: string, o: { follow: boolean; signal: AbortSignal; onLine: (line: string) => void }) {
      o.onLine(`hello from ${name}\t\u001b[2Jhidden`);
      if (!o.follow) return;
      far.calls.push({ name: 'logs begun', argument: name });
      const { promise, resolve } = Promise.withResolvers<void>();
      o.signal.addEventListener('abort', () => resolve());
      await promise;
      far.calls.push({ name: 'logs ended', argument: name });
    },
  };
  return Object.assign(far, more);
}

function farNetwork() {
  const calls: Calls = [];
  const place = {
    ...{ network: 'app-y-network', bridge: 'dbx-0', subnet: '10.196.1.0/24', gateway: '10.196.1.1', resolvConf: '/x' },
    address: '10.196.1.2',
    managerAddress: '10.196.1.254',
  };
  const ports = [{ protocol: 'tcp', port: 8080 }];
  const peers = [{ name: 'arbiter', address: '10.196.1.250', ports, accepted: 3, refused: 1 }];
  const refusal = {
    at: 0,
    component: 'app-y',
    src: '10.196.1.2',
    dst: '192.0.2.1',
    protocol: 'tcp',
    port: 22,
    count: 7,
  };
  const network = {
    view: () =>
      Promise.resolve({
        ...{ pool: '10.196.0.0/16', healthy: true, problems: [], components: [{ name: 'app-y', place, peers }] },
        ...{ refused: [refusal], names: [{ component: 'app-y', name: 'evil\u001b.example', count: 2 }] },
        withheld: [],
        unlisted: [{ component: 'app-y', src: '10.196.1.2', count: 9 }],
      }),
    connect: (name: string, argument: unknown) =>
      Promise.resolve(void calls.push({ name: `connect ${name}`, argument })),
    disconnect: (name: string, argument: unknown) =>
      Promise.resolve(void calls.push({ name: `disconnect ${name}`, argument })),
  };
  return { network: network as unknown as AdminOptions['network'], calls };
}
