/** A running owner's door with one component behind it, and a plain client; real TLS on loopback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../../src/base/config.ts';
import { listen, type Handler, type Listener } from '../../../../src/base/listen.ts';
import { silent } from '../../../../src/base/log.ts';
import { startLedger } from '../../../../src/ledger/index.ts';
import { startOwner } from '../../../../src/manager/web/index.ts';
import { testAuthority } from './certificates.ts';
import { farAppstore, farManager, statusOf } from './far-side.ts';

export const password = 'correct horse battery';
export type Reply = { status: number; headers: IncomingHttpHeaders; body: string };
export type Ask = {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** Source address on loopback. */
  from?: string;
};

export async function startBox(o: { handler?: Handler; manifests?: unknown[]; flags?: Record<string, unknown> } = {}) {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'dbx-owner-'));
  up.defer(() => rmSync(dir, { recursive: true, force: true }));
  const authority = await testAuthority('test box');
  const page: Listener = up.use(
    await listen({
      ...{ address: '127.0.0.1', port: 0, tls: await authority.issue('app-x') },
      handler: o.handler ?? ((_req, res) => void res.end('a page')),
    }),
  );
  const target = {
    ...{ address: '127.0.0.1', port: page.port, localAddress: '127.0.0.3', ca: authority.pem, servername: 'app-x' },
  };
  const tls = await authority.issue('127.0.0.1');
  const manager = farManager({ tls, rootPem: authority.pem, targets: { 'app-x': target } });
  manager.components.push(statusOf('app-x'), statusOf('app-down', { state: 'failed', status: 'failed' }));
  const appstore = farAppstore(o.manifests);
  const ledger = up.use(startLedger({ dir: `${dir}/ledger`, log: silent }));
  const flags = {
    ...{ 'state.dir': dir, 'owner.address': '127.0.0.1', 'owner.https-port': 0, 'owner.http-port': 0 },
    ...{ 'owner.host-name': 'box.example', 'owner.password': password, ...o.flags },
  };
  const said: { password: string; file: string }[] = [];
  const owner = up.use(
    await startOwner({
      ...{ manager, appstore, ledger, config: loadConfig({ flags }), log: silent },
      announce: (first) => said.push(first),
    }),
  );
  const way = up.move();
  const ask = (path: string, { method = 'GET', headers = {}, body, from }: Ask = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const options = {
        ...{
          host: '127.0.0.1',
          port: owner.httpsPort,
          ca: authority.pem,
          path,
          method,
          headers,
          agent: false as const,
        },
        // The Host header is what these tests vary; the certificate's name is not what they are about.
        checkServerIdentity: () => undefined,
        ...(from && { localAddress: from }),
      };
      const req = request(options, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (part: string) => (text += part));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text }));
        res.on('error', reject);
      });
      req.on('error', reject).end(body);
    });
  const logIn = async (): Promise<string> => {
    const reply = await ask('/api/connect', { headers: { authorization: `Token ${password}` } });
    return (reply.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
  };
  return {
    ...{ dir, authority, page, manager, appstore, owner, said, ask, logIn },
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}
export type Box = Awaited<ReturnType<typeof startBox>>;
