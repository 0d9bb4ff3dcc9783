import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { type Box, startBox } from './box.ts';

let box: Box;
let cookie: string;
let seen: { url: string; method: string; raw: string[]; body: string; from: string }[] = [];

/** A component's page: echoes, redirects, streams, plants cookies. */
async function component(req: IncomingMessage, res: ServerResponse): Promise<void> {
  let body = '';
  for await (const part of req) body += String(part);
  const { url = '', method = '', rawHeaders: raw } = req;
  seen.push({ url, method, raw, body, from: req.socket.remoteAddress ?? '' });
  const { pathname, searchParams } = new URL(url, 'https://app-x');
  if (pathname === '/ui/redirect') return void res.writeHead(307, { location: searchParams.get('to') ?? '' }).end();
  if (pathname === '/ui/headers') {
    res.setHeader('set-cookie', [
      'a=1; Path=/; Domain=box.example; HttpOnly',
      '__Host-session=evil; Path=/; Secure',
      '=__Host-session=evil',
    ]);
    res.setHeader('content-security-policy', "script-src 'none'; report-uri https://evil.example/");
    res.setHeader('service-worker-allowed', '/').setHeader('clear-site-data', '"*"').setHeader('nel', '{}');
    res.setHeader('cross-origin-opener-policy', 'same-origin').setHeader('x-mine', ['one', 'two']);
    return void res.end('headers');
  }
  if (pathname === '/ui/stream') {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    return;
  }
  if (pathname === '/ui/broken') {
    res.writeHead(200, { 'content-length': '100' }).write('short');
    return void setTimeout(() => res.destroy(), 10);
  }
  res.end(`${method} ${url} ${body}`);
}

beforeAll(async () => {
  box = await startBox({ handler: (req, res) => void component(req, res).catch(() => res.destroy()) });
  cookie = await box.logIn();
});
afterAll(() => box[Symbol.asyncDispose]());
beforeEach(() => (seen = []));
const visit = (path: string, more: Parameters<Box['ask']>[1] = {}) =>
  box.ask(path, { ...more, headers: { cookie, ...more.headers } });
const sentHeaders = (): Map<string, string[]> => {
  const all = new Map<string, string[]>();
  const { raw } = seen[0]!;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase();
    all.set(name, [...(all.get(name) ?? []), raw[at + 1]!]);
  }
  return all;
};

describe('a request', () => {
  test('reaches the component with path, query and body, from the manager’s address', async () => {
    const reply = await visit('/app-x/ui/a%20b/?q=1&q=2', { method: 'POST', body: 'hello' });
    expect([reply.status, reply.body]).toEqual([200, 'POST /ui/a%20b/?q=1&q=2 hello']);
    expect(seen[0]?.from).toBe('127.0.0.3');
  });

  test('U06 carries neither the owner’s cookie nor a password, but all the rest', async () => {
    await visit('/app-x/ui', {
      headers: {
        ...{ cookie: `a=1; ${cookie}; b=2; __HOST-session=x`, 'x-mine': ['one', 'two'], authorization: 'Bearer t' },
        ...{ 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1', 'proxy-authorization': 'x' },
        ...{ connection: 'x-private', 'x-private': 'hop', ['__proto__']: 'x' },
      },
    });
    const headers = sentHeaders();
    expect(headers.get('cookie')).toEqual(['a=1; b=2']);
    expect(headers.get('x-mine')).toEqual(['one', 'two']);
    expect(headers.get('host')?.[0]).toMatch(/^app-x:\d+$/);
    expect(headers.get('x-forwarded-prefix')).toEqual(['/app-x']);
    for (const name of ['authorization', 'x-forwarded-for', 'forwarded', 'proxy-authorization', 'x-private']) {
      expect([name, headers.has(name)]).toEqual([name, false]);
    }
    expect(JSON.stringify(seen)).not.toContain('__Host-session');
  });

  test('and its answer may be large', async () => {
    const body = 'x'.repeat(3_000_000);
    const reply = await visit('/app-x/ui/big', { method: 'PUT', body });
    expect([reply.status, reply.body.length]).toEqual([200, 'PUT /ui/big '.length + body.length]);
  });

  test('for /component goes to its page', async () => {
    for (const path of ['/app-x', '/app-x/']) expect((await visit(path)).headers.location).toBe('/app-x/ui');
    expect(seen).toEqual([]);
  });
});

describe('U07 only the installed component’s own pages', () => {
  test.each([
    '/absent/ui',
    '/arbiter/token',
    '/app-x-core-store/ts/x/latest',
    '/export-service/export',
    '/APP-X/ui',
    '/..%2fapp-x',
  ])('%s is not found', async (path) => {
    expect([400, 404]).toContain((await visit(path)).status);
  });
  test('a component that does not run is unreachable, not unknown', async () => {
    expect((await visit('/app-down/ui')).status).toBe(502);
  });
  test.each([
    '/app-x/../core-ui/ui/',
    '/app-x/ui/..',
    '/app-x/ui/.',
    '/app-x/%2e%2e/ui',
    '/app-x/.%2E/ui',
    '/app-x/ui%2fx',
    '/app-x/ui%5c..%5cx',
    '/app-x\\ui',
    '/app-x/ui/%00',
    '/app-x/ui/%0d%0aX: y',
    '/app-x/ui/%c0%af',
    '/app-x/%',
    'https://app-x/ui',
    '//app-x@evil.example/../ui',
    '/app-x/ui#x',
  ])('%s is refused', async (path) => {
    const reply = await raw(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toEqual([]);
  });
  test.each([
    [
      'both lengths',
      'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /app-x/ui/smuggled HTTP/1.1\r\n\r\n',
    ],
    ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
    ['an unknown coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a bare line feed', 'X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ])('a request with %s smuggles nothing', async (_name, rest) => {
    await raw(`POST /app-x/ui/first HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\nConnection: close\r\n${rest}`);
    expect(seen.filter(({ url }) => url !== '/ui/first')).toEqual([]);
  });
  test('a length that Connection names stays with its body', async () => {
    const smuggled = 'GET /ui/smuggled HTTP/1.1\r\nHost: app-x\r\n\r\n';
    const head = `Host: 127.0.0.1\r\nCookie: ${cookie}\r\nConnection: close, content-length\r\n`;
    for (const method of ['GET', 'DELETE', 'POST']) {
      await raw(`${method} /app-x/ui/first HTTP/1.1\r\n${head}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
    }
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual(
      ['GET', 'DELETE', 'POST'].map((method) => [method, '/ui/first', smuggled]),
    );
  });
  test('a chunked body stays one body, whatever the method', async () => {
    const head = `Host: 127.0.0.1\r\nCookie: ${cookie}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const method of ['GET', 'DELETE'])
      await raw(`${method} /app-x/ui/first HTTP/1.1\r\n${head}5\r\nhello\r\n0\r\n\r\n`);
    expect(seen.map(({ body }) => body)).toEqual(['hello', 'hello']);
  });
});

describe('an answer', () => {
  test('U06 cannot touch the owner’s origin', async () => {
    const { headers, body } = await visit('/app-x/ui/headers');
    expect(body).toBe('headers');
    expect(headers['set-cookie']).toEqual(['a=1; HttpOnly; Path=/app-x/; Secure']);
    for (const name of ['service-worker-allowed', 'clear-site-data', 'nel']) expect(headers[name]).toBeUndefined();
    expect(headers['x-mine']).toBe('one, two');
    expect(headers['cross-origin-opener-policy']).toBe('unsafe-none');
    expect([headers['x-content-type-options'], headers['referrer-policy']]).toEqual(['nosniff', 'no-referrer']);
    const policy = headers['content-security-policy'] as string;
    const own = `https://127.0.0.1:${box.owner.httpsPort}/app-x/`;
    expect(policy).toContain(`default-src ${own} 'unsafe-inline' 'unsafe-eval' data: blob:`);
    expect(policy).toContain(`connect-src ${own} wss://`);
    expect(policy).toContain("frame-ancestors 'self'");
    expect(policy).toContain("script-src 'none'");
    expect(policy).not.toContain('evil.example');
  });

  test.each([
    ['/ui/login?a=1#b', '/app-x/ui/login?a=1#b'],
    ['next', '/app-x/ui/next'],
    ['https://app-x/ui', '/app-x/ui'],
    ['https://app-x:8080/ui/', '/app-x/ui/'],
    ['//app-x/ui', '/app-x/ui'],
    ['/../../core-ui/ui/api/install', '/app-x/core-ui/ui/api/install'],
    ['https://accounts.example/oauth?x=1', 'https://accounts.example/oauth?x=1'],
  ])('redirect to %s leads to %s', async (to, location) => {
    const reply = await visit(`/app-x/ui/redirect?to=${encodeURIComponent(to)}`);
    expect([reply.status, reply.headers.location]).toEqual([307, location]);
  });
  test('U06 cannot redirect a POST into the owner’s API', async () => {
    const host = `127.0.0.1:${box.owner.httpsPort}`;
    const refused = [
      `https://${host}/core-ui/ui/api/install`,
      `//${host}/`,
      `https://${host}/app-x/..%2fcore-ui/`,
      'javascript:x',
    ];
    for (const to of refused) {
      const reply = await visit(`/app-x/ui/redirect?to=${encodeURIComponent(to)}`);
      expect([to, reply.status, reply.headers.location]).toEqual([to, 502, undefined]);
    }
    const fine = await visit(`/app-x/ui/redirect?to=${encodeURIComponent(`https://${host}/app-x/ui/ok`)}`);
    expect(fine.headers.location).toBe('/app-x/ui/ok');
  });

  test('streams as it comes, and ends with the session', async () => {
    const mine = await box.logIn();
    const socket = open();
    socket.write(`GET /app-x/ui/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${mine}\r\n\r\n`);
    let text = '';
    socket.on('data', (part: Buffer) => (text += part.toString()));
    while (!text.includes('data: 1')) await once(socket, 'data');
    const closed = once(socket, 'close');
    await box.ask('/core-ui/ui/api/logout', { method: 'POST', headers: { cookie: mine } });
    await closed;
  });

  test('that breaks off is broken off, not made to look whole', async () => {
    await expect(visit('/app-x/ui/broken')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });

  test('of a certificate for another name is refused', async () => {
    box.manager.targets['app-other'] = { ...box.manager.targets['app-x']!, servername: 'app-other' };
    const reply = await visit('/app-other/ui', { method: 'POST', body: 'x'.repeat(100_000) });
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      502,
      expect.objectContaining({ code: 'component.unreachable' }),
    ]);
    expect(seen).toEqual([]);
  });

  test('that never comes is a 502 when nobody listens', async () => {
    box.manager.targets['app-gone'] = { ...box.manager.targets['app-x']!, port: 1 };
    expect((await visit('/app-gone/ui')).status).toBe(502);
  });
});

const open = () => connect({ host: '127.0.0.1', port: box.owner.httpsPort, ca: box.authority.pem });
/** Sends bytes as they are. Returns what came until the box closed, or for a short while. */
async function raw(text: string): Promise<string> {
  const socket = open();
  let reply = '';
  socket.on('data', (part: Buffer) => (reply += part.toString()));
  socket.on('error', () => {});
  socket.write(text);
  await Promise.race([once(socket, 'close'), pause(300)]);
  socket.destroy();
  return reply;
}
