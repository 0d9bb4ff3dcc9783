import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureVersion } from 'node:tls';
import { gzipSync } from 'node:zlib';

/** How a site answers; `hold` does not until `release`, `endless` never stops, `drip` sends a byte a second. */
export type Reply = {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  mode?: 'plain' | 'hold' | 'endless' | 'drip' | 'bomb' | 'huge-headers';
};
export type Site = { address: string; port: number; cert: string; key: string; reply?: Reply; oldProtocol?: boolean };
export type Visit = {
  address: string;
  port: number;
  from: string;
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  bytes: number;
  sha256: string;
};

export type Sites = {
  open(site: Site): Promise<void>;
  close(at: { address: string; port: number }): Promise<void>;
  /** Changes how an open site answers from the next request on. */
  answer(at: { address: string; port: number; reply: Reply }): void;
  /** Lets every held request finish with its reply. */
  release(): number;
  visits(): Visit[];
  /** TLS connections that were tried and failed, by the site’s address: a client that refused its certificate. */
  refusals(): { address: string; port: number; reason: string }[];
};

type Open = Site & { server: Server };

export function createSites(): Sites {
  const sites = new Map<string, Open>();
  const visits: Visit[] = [];
  const refusals: { address: string; port: number; reason: string }[] = [];
  const held: (() => void)[] = [];
  const at = (place: { address: string; port: number }) => `${place.address}:${place.port}`;
  return {
    async open(site) {
      const old = {
        minVersion: 'TLSv1' as SecureVersion,
        maxVersion: 'TLSv1.1' as SecureVersion,
        ciphers: 'ALL:@SECLEVEL=0',
      };
      const server = createServer({ cert: site.cert, key: site.key, ...(site.oldProtocol && old) }, (req, res) => {
        void record(req, site).then((visit) => {
          visits.push(visit);
          return respond({ res, reply: sites.get(at(site))?.reply ?? {}, held });
        });
      });
      server.on('tlsClientError', (err) =>
        refusals.push({ address: site.address, port: site.port, reason: err.message }),
      );
      await new Promise<void>((done, fail) => server.once('error', fail).listen(site.port, site.address, done));
      sites.set(at(site), { ...site, server });
    },
    async close(place) {
      const site = sites.get(at(place));
      sites.delete(at(place));
      site?.server.closeAllConnections();
      await new Promise((done) => (site ? site.server.close(done) : done(undefined)));
    },
    answer({ reply, ...place }) {
      const site = sites.get(at(place));
      if (!site) throw new Error(`no site at ${at(place)}`);
      site.reply = reply;
    },
    release: () => held.splice(0).map((go) => go()).length,
    visits: () => visits,
    refusals: () => refusals,
  };
}

async function record(req: IncomingMessage, { address, port }: Site): Promise<Visit> {
  const body = await buffer(req);
  return {
    address,
    port,
    from: req.socket.remoteAddress ?? '',
    method: req.method ?? '',
    url: req.url ?? '',
    headers: req.headers,
    body: body.toString('utf8').slice(0, 65_536),
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
  };
}

async function respond({
  res,
  reply,
  held,
}: {
  res: ServerResponse;
  reply: Reply;
  held: (() => void)[];
}): Promise<void> {
  const { status = 200, headers = {}, body = '{}', mode = 'plain' } = reply;
  res.on('error', () => res.destroy());
  if (mode === 'hold') await new Promise<void>((go) => held.push(go));
  if (res.destroyed) return;
  if (mode === 'huge-headers') for (let i = 0; i < 40; i += 1) res.setHeader(`x-long-${i}`, 'x'.repeat(8_000));
  if (mode === 'bomb') return void res.writeHead(status, { 'content-encoding': 'gzip' }).end(bomb());
  res.writeHead(status, headers);
  if (mode === 'endless') while (!res.destroyed) if (!res.write('x'.repeat(65_536))) await drained(res);
  if (mode === 'drip') while (!res.destroyed) await sleep(1_000).then(() => res.write('x'));
  res.end(body);
}

function drained(res: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    res.off('drain', done).off('close', done);
    resolve();
  };
  res.on('drain', done).on('close', done);
  return promise;
}

/** 256 MB of zeros in 256 KB. */
const bomb = (): Buffer => gzipSync(Buffer.alloc(256 * 1024 * 1024));
