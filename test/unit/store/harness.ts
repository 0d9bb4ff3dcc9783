import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { Failure } from '../../../src/base/errors.ts';
import { listen, type Tls } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { covers } from '../../../src/base/paths.ts';
import { startStores, type Authorise, type StoreOptions } from '../../../src/store/index.ts';

export const store = 'driver-test-core-store';

/** Tokens are `<component> <method> <pattern>`, or the component's name alone for everything. */
export const authorise: Authorise = (token, { target, method, path }) => {
  const [component = '', allowed, pattern = '/*'] = token.split(' ');
  if (component === 'forged') throw new Failure('token.invalid', 'the token is not ours');
  if (target !== store || (allowed ?? method) !== method || !(pattern === path || covers(pattern, path))) {
    throw new Failure('token.forbidden', 'the token is for something else');
  }
  return { component, grant: 1 };
};

export type Answer = {
  status: number;
  type: string;
  body: string;
  bytes: Buffer;
  etag: string | undefined;
  link: string | undefined;
};
export type Ask = {
  method?: string;
  path: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  token?: string;
};

export async function startStore(options: Partial<StoreOptions> = {}) {
  await using up = new AsyncDisposableStack();
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'databox-store-'));
  up.defer(() => rmSync(dir, { recursive: true, force: true }));
  const stores = up.use(await startStores({ dir, authorise, log: silent, ...options }));
  await stores.open(store);
  const tls = await pair();
  const listener = up.use(await listen({ address: '127.0.0.1', port: 0, handler: stores.handler(store), tls }));
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: tls.cert });
  up.defer(() => agent.destroy());
  const way = up.move();
  return {
    dir,
    stores,
    port: listener.port,
    server: listener.server,
    agent,
    ask: (asked: Ask) => ask({ agent, port: listener.port }, asked),
    open: (asked: Ask) => open({ agent, port: listener.port }, asked),
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

/** One request over the real listener. The path goes out as it is: no client tidies it. */
export async function ask(place: { agent: Agent; port: number }, asked: Ask): Promise<Answer> {
  const res = await open(place, asked);
  const chunks: Buffer[] = [];
  for await (const chunk of res as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const { 'content-type': type = '', etag, link } = res.headers;
  const answer = { status: res.statusCode ?? 0, type, body: bytes.toString(), bytes };
  return { ...answer, etag, link: link?.toString() };
}

/** The same, while the answer is still coming. */
function open({ agent, port }: { agent: Agent; port: number }, asked: Ask): Promise<IncomingMessage> {
  const { method = 'GET', path, body, token = 'app', headers = {} } = asked;
  return new Promise((resolve, reject) => {
    const type = method === 'POST' ? { 'content-type': 'application/json' } : {};
    const key = token === '' ? {} : { 'x-api-key': token };
    const sent = { host: '127.0.0.1', port, agent, method, path, headers: { ...type, ...key, ...headers } };
    request(sent, resolve).on('error', reject).end(body);
  });
}

export async function pair(): Promise<Tls> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=127.0.0.1',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    cert: certificate.toString('pem'),
  };
}
