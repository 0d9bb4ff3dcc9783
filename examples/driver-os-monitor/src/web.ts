import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { HttpsCredentials } from '../../../src/client/index.ts';

export type Page = { type: string; body: string | Buffer };
/** What is answered, by method and path: `GET /status`. */
export type Pages = Record<string, (query: URLSearchParams) => Page | Promise<Page>>;

export const html = (body: string): Page => ({ type: 'text/html; charset=utf-8', body });
export const json = (value: unknown): Page => ({ type: 'application/json', body: JSON.stringify(value) });
export const text = (body: string): Page => ({ type: 'text/plain; charset=utf-8', body });

/**
 * The component's web page on port 8080. In the box it is HTTPS with the certificate that the owner's proxy expects;
 * outside (no credentials) it is plain HTTP on loopback. `PORT` is for authors who run several components at their desk.
 */
export function serve(pages: Pages, credentials: HttpsCredentials | undefined): Server {
  const listener: RequestListener = (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    const page = pages[`${req.method} ${pathname.replace(/(.)\/$/, '$1')}`];
    if (!page) return void res.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
    Promise.resolve()
      .then(() => page(searchParams))
      .then(({ type, body }) => {
        res.writeHead(200, {
          'content-type': type,
          'content-length': Buffer.byteLength(body),
          'cache-control': 'no-store',
        });
        res.end(body);
      })
      .catch((err: unknown) => {
        res.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String(err) }));
      });
  };
  const server = credentials ? createHttps(credentials, listener) : createHttp(listener);
  return server.listen(Number(process.env['PORT'] ?? 8080), credentials ? '0.0.0.0' : '127.0.0.1');
}
