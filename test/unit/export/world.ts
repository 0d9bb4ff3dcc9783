/** The outside, on loopback: an authority, https destinations, a name server; and a box with an outbox that knows them. */
import dns, { type Answer } from 'dns-packet';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArbiter, type Arbiter } from '../../../src/arbiter/index.ts';
import { loadConfig, type SettingName } from '../../../src/base/config.ts';
import { listen, type Listener } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { startExport, type ExportOptions, type LedgerEntry, type Outbox } from '../../../src/export/index.ts';
import { createAuthority, type Authority } from './authority.ts';

export const local = '127.0.0.1';
export const [appIp, otherIp] = ['127.0.0.11', '127.0.0.12'];

export type Received = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
  body: Buffer;
};
export type Destination = AsyncDisposable & { port: number; received: Received[]; connections: number };

type Place = ServerOptions & { port?: number; address?: string };

/** An https server that keeps what it was sent. */
export async function destination(o: Place, answer?: RequestListener): Promise<Destination> {
  const { port = 0, address = local, ...tls } = o;
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(tls, (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method = '', url: path = '', headers, rawHeaders } = req;
      received.push({ method, path, headers, rawHeaders, body: Buffer.concat(chunks) });
      if (answer) answer(req, res);
      else res.end('thank you');
    });
  });
  const self = { port: 0, received, connections: 0 };
  server.on('connection', (socket: Socket) => {
    self.connections++;
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => {}));
  });
  server.on('tlsClientError', () => {});
  await once(server.listen(port, address), 'listening');
  self.port = (server.address() as AddressInfo).port;
  return Object.assign(self, {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  });
}

export type Names = AsyncDisposable & { port: number; zone: Map<string, string[][]>; asked: string[] };

/** A name server. Each list of answers in the zone is given once, the last one for ever. */
export async function names(): Promise<Names> {
  const socket = createSocket('udp4');
  const zone = new Map<string, string[][]>();
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const query = dns.decode(message);
    const [question] = query.questions ?? [];
    if (!question) return;
    asked.push(`${question.type} ${question.name}`);
    const lists = zone.get(question.name) ?? [];
    const given = (question.type === 'A' && lists.length > 1 ? lists.shift() : lists[0]) ?? [];
    const kind = (address: string) => (address.includes(':') ? 'AAAA' : 'A');
    const answers = given
      .filter((address) => kind(address) === question.type)
      .map((data): Answer => ({ type: kind(data), name: question.name, ttl: 0, data }));
    const rcode = zone.has(question.name) ? 0 : 3;
    socket.send(
      dns.encode({ type: 'response', id: query.id ?? 0, flags: 0x8180 | rcode, questions: [question], answers }),
      from.port,
      from.address,
    );
  });
  socket.bind(0, local);
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    zone,
    asked,
    [Symbol.asyncDispose]: () => new Promise((done) => socket.close(() => done())),
  };
}

export type Reply = {
  status: number;
  body: {
    id: string;
    state: string;
    ext_response: { status?: string; body?: string; truncated?: boolean };
    code?: string;
  };
};
export type Post = { path?: string; token?: string; from?: string; headers?: Record<string, string> };

export type Box = AsyncDisposable & {
  port: number;
  arbiter: Arbiter;
  outbox: Outbox;
  /** A token of this component for this destination; granted first. */
  token(uri: string, component?: string, path?: string): string;
  post(body: unknown, o: Post): Promise<Reply>;
  /** Submits, then polls until it is finished. */
  deliver(uri: string, data?: unknown, o?: { key?: string }): Promise<Reply['body']>;
  finish(id: string, uri: string, o?: Post): Promise<Reply['body']>;
  ledger(): LedgerEntry[];
};

export type BoxOptions = {
  file?: string;
  flags?: Partial<Record<SettingName, unknown>>;
  limits?: ExportOptions['limits'];
  now?: () => number;
  steady?: () => number;
  ledger?: ExportOptions['ledger'];
  stop?: AbortController;
};

/** A box whose `app` calls from 127.0.0.11 and whose `other` calls from 127.0.0.12. */
export async function box({
  file = newFile(),
  flags = {},
  limits = {},
  now,
  steady,
  ledger,
  stop,
}: BoxOptions = {}): Promise<Box> {
  const arbiter = createArbiter({ file: ':memory:', log: silent, checkAddress: true });
  arbiter.register({ name: 'export-service', type: 'system', key: 'x' });
  arbiter.register({ name: 'app', type: 'app', key: 'a', address: appIp });
  arbiter.register({ name: 'other', type: 'app', key: 'b', address: otherIp });
  const outbox = startExport({
    config: loadConfig({ flags }),
    file,
    authorise: arbiter.verify,
    log: silent,
    signal: (stop ?? new AbortController()).signal,
    limits: { firstPauseMs: 20, ...limits },
    ...(now && { now }),
    ...(steady && { steady }),
    ...(ledger && { ledger }),
  });
  const listener = await listen({ address: local, port: 0, handler: outbox.handler });
  const self: Box = {
    port: listener.port,
    arbiter,
    outbox,
    token(uri, component = 'app', path = '/lp/export') {
      const route = { method: 'POST' as const, path, target: 'export-service' };
      arbiter.grant(component, route, [{ destination: uri }]);
      return arbiter.mint(component, { ...route, caveats: [{ destination: uri }] }, 'rest');
    },
    post: (body, o) => post(listener, body, o),
    async deliver(uri, data = { a: 1 }, { key } = {}) {
      const token = self.token(uri);
      const headers = key === undefined ? {} : { 'idempotency-key': key };
      const { body } = await self.post({ id: '', uri, data: JSON.stringify(data) }, { token, headers });
      return self.finish(body.id, uri, { token });
    },
    async finish(id, uri, o = {}) {
      const token = o.token ?? self.token(uri);
      for (let polls = 0; polls < 100; polls++) {
        const { status, body } = await self.post({ id, uri, data: '' }, { path: '/lp/export?timeout=2', ...o, token });
        if (status !== 200 || body.state === 'Finished') return body;
      }
      throw new Error(`export ${id} does not finish`);
    },
    ledger: () => outbox.ledger(),
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
      arbiter[Symbol.dispose]();
    },
  };
  return self;
}

/** A POST as an app makes it. */
export function post(listener: Pick<Listener, 'port'>, body: unknown, o: Post): Promise<Reply> {
  const { path = '/lp/export', token, from = appIp, headers = {} } = o;
  const sent = { ...(token !== undefined && { 'x-api-key': token }), ...headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: local, port: listener.port, method: 'POST', path, headers: sent, localAddress: from },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) as Reply['body'] }));
      },
    );
    outgoing.on('error', reject).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

export const newDir = (): string => mkdtempSync(join(tmpdir(), 'dbx-export-'));
export const newFile = (): string => join(newDir(), 'export.sqlite');

/** An authority, and the settings of a box that trusts it and lets these hosts be on loopback. */
export async function trusted(hosts: string[]): Promise<{ authority: Authority; flags: BoxOptions['flags'] & object }> {
  const authority = await createAuthority();
  const file = join(newDir(), 'ca.pem');
  writeFileSync(file, authority.pem);
  return { authority, flags: { 'export.ca-file': file, 'export.private-hosts': hosts } };
}

/** Waits for what happens elsewhere. */
export async function until(claim: () => boolean, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !claim();) {
    if (Date.now() > end) throw new Error(`not in ${ms} ms: ${claim.toString()}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
