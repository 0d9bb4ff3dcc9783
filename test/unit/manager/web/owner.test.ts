import { existsSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type Box, password, startBox } from './box.ts';

let box: Box;
let cookie: string;
beforeAll(async () => {
  box = await startBox();
  cookie = await box.logIn();
});
afterAll(() => box[Symbol.asyncDispose]());

const withSession = () => ({ cookie });

describe('the four rules', () => {
  test('1: the login page, what it loads and the certificate need no session', async () => {
    for (const file of ['', 'page.css', 'page.js', 'cert.pem', 'cert.der']) {
      expect([file, (await box.ask(`/core-ui/ui/${file}`)).status]).toEqual([file, 200]);
    }
    expect((await box.ask('/core-ui/ui/cert.pem')).body).toBe(box.authority.pem);
  });

  test('2: the password opens a session on any protected path and is not forwarded', async () => {
    for (const path of ['/api/connect', '/core-ui/ui/api/connect', '/app-x/ui/']) {
      const reply = await box.ask(path, { headers: { authorization: `Token ${password}` } });
      expect([reply.status, reply.body]).toEqual([200, 'connected']);
      expect(reply.headers['set-cookie']).toEqual([
        expect.stringMatching(/^__Host-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/),
      ]);
    }
  });

  test('3: a session is let in', async () => {
    const reply = await box.ask('/', { headers: withSession() });
    expect(reply.status).toBe(200);
    expect(reply.body).toContain('<a href="/app-x/ui">app-x</a>');
  });

  test.each([
    '/',
    '/app-x/ui',
    '/core-ui/ui',
    '/core-ui/ui/api/containerStatus',
    '/core-ui/ui/%61pi/containerStatus',
    '/core-ui//ui/api/containerStatus',
    '/core-ui/u%69/',
    '/app-store/ui/api/refresh',
    '/nothing/here',
  ])('4: %s without a session is 401', async (path) => {
    const reply = await box.ask(path);
    expect(reply.status).toBe(401);
    expect(JSON.parse(reply.body)).toMatchObject({ code: 'session.required' });
  });

  test('4: a browser gets the login page instead', async () => {
    const reply = await box.ask('/', { headers: { accept: 'text/html,*/*' } });
    expect(reply.status).toBe(401);
    expect(reply.body).toContain('<form id="login">');
  });
});

describe('sessions', () => {
  test('U03 a session id is new at each login, and the earlier one of that browser ends', async () => {
    const first = await box.logIn();
    const again = await box.ask('/api/connect', { headers: { authorization: `Token ${password}`, cookie: first } });
    expect(again.headers['set-cookie']?.[0]?.split(';')[0]).not.toBe(first);
    expect((await box.ask('/', { headers: { cookie: first } })).status).toBe(401);
  });

  test('U03 an id that the client made up is not taken over', async () => {
    const fixed = `__Host-session=${'A'.repeat(43)}`;
    await box.ask('/api/connect', { headers: { authorization: `Token ${password}`, cookie: fixed } });
    expect((await box.ask('/', { headers: { cookie: fixed } })).status).toBe(401);
  });

  test('U03 a stolen cookie is worth nothing after logout', async () => {
    const mine = await box.logIn();
    const reply = await box.ask('/core-ui/ui/api/logout', { method: 'POST', headers: { cookie: mine } });
    expect(reply.body).toBe('{"status": 200}');
    expect(reply.headers['set-cookie']?.[0]).toMatch(/^__Host-session=;.*Max-Age=0$/);
    expect((await box.ask('/', { headers: { cookie: mine } })).status).toBe(401);
  });

  test('a component’s cookie of the same name does not hide the owner’s', async () => {
    expect((await box.ask('/', { headers: { cookie: `__Host-session=planted; ${cookie}` } })).status).toBe(200);
  });
});

describe('forged requests', () => {
  const forms = [
    ['U04 cross-site form', 'POST', { origin: 'https://evil.example' }],
    ['U04 form of an opaque origin', 'POST', { origin: 'null' }],
    ['U04 same-site page on another port', 'POST', { origin: 'https://127.0.0.1:8443' }],
    ['U04 no-cors fetch', 'POST', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['U04 fetch from the same site', 'POST', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
    ['U04 image', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['U04 event stream', 'GET', { origin: 'https://evil.example', accept: 'text/event-stream' }],
    ['U04 frame', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
  ] as const;
  test.each(forms)('%s is refused', async (_name, method, headers) => {
    for (const path of ['/core-ui/ui/api/restart', '/app-x/ui/act', '/core-ui/ui/api/containerStatus']) {
      const body = method === 'POST' ? { body: '{"name":"app-x"}' } : {};
      const reply = await box.ask(path, { method, headers: { ...headers, cookie }, ...body });
      expect([path, reply.status]).toEqual([path, 403]);
    }
    expect(box.manager.calls.filter(({ name }) => name === 'restart')).toEqual([]);
  });

  test('U04 a GET that changes something is held to the same', async () => {
    const headers = {
      cookie,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await box.ask('/app-store/ui/api/refresh', { headers })).status).toBe(403);
    expect((await box.ask('/', { headers })).status).toBe(200);
  });

  test('the box’s own page and a script may', async () => {
    const own = { origin: `https://127.0.0.1:${box.owner.httpsPort}`, 'sec-fetch-site': 'same-origin' };
    for (const headers of [own, {}]) {
      const options = { method: 'POST', headers: { ...headers, cookie }, body: '{"name":"app-x"}' };
      expect((await box.ask('/core-ui/ui/api/restart', options)).body).toBe('{"status": 200}');
    }
  });

  test.each(['evil.example', '203.0.113.7', 'box.example.evil.example', 'user@localhost', 'localhost:port'])(
    'U05 the Host %j is refused',
    async (host) => {
      for (const path of ['/core-ui/ui/', '/api/connect']) {
        const reply = await box.ask(path, { headers: { host, cookie, authorization: `Token ${password}` } });
        expect(reply.status).toBe(421);
      }
    },
  );

  test.each(['localhost', '127.0.0.1:444', '[::1]', 'BOX.example', 'box.example:443', 'box.example.'])(
    'U05 the Host %j is the box',
    async (host) => {
      expect((await box.ask('/core-ui/ui/', { headers: { host } })).status).toBe(200);
    },
  );
});

test.each(['/core-ui', '/core-ui/ui', '/app-store/ui'])('the original’s page %s leads to ours', async (path) => {
  const reply = await box.ask(path, { headers: withSession() });
  expect([reply.status, reply.headers.location]).toEqual([302, '/']);
});

test('U06 nobody frames the owner’s pages, and they load from the box only', async () => {
  const { headers } = await box.ask('/', { headers: withSession() });
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['cross-origin-opener-policy']).toBe('same-origin');
  expect(headers['strict-transport-security']).toBeUndefined();
});

test('U08 markup and control characters of foreign text are inert on the status page', async () => {
  const error = '<img src=x onerror=alert(1)>\u001b[2J\r\nGET "\'`&\u202e';
  box.manager.components[1] = { ...box.manager.components[1]!, error };
  const { body } = await box.ask('/', { headers: withSession() });
  expect(body).toContain('&#60;img src=x onerror=alert(1)&#62;\\u001b[2J\\u000d\\u000aGET &#34;&#39;&#96;&#38;\\u202e');
});

describe('port 80', () => {
  const clear = (path: string, host = '127.0.0.1'): Promise<{ status: number; body: Buffer }> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: box.owner.httpPort, path, headers: { host }, agent: false }, (res) => {
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(parts) }));
      })
        .on('error', reject)
        .end();
    });
  test('gives the certificate and the way to https', async () => {
    expect((await clear('/cert.pem')).body.toString()).toBe(box.authority.pem);
    expect((await clear('/cert.der')).body.subarray(0, 2)).toEqual(Buffer.from([0x30, 0x82]));
    expect((await clear('/')).body.toString()).toContain(`href="https://127.0.0.1:${box.owner.httpsPort}/"`);
  });
  test('gives nothing else', async () => {
    for (const path of ['/core-ui/ui/', '/api/connect', '/cert.key', '/app-x/ui']) {
      expect((await clear(path)).status).toBe(404);
    }
    expect((await clear('/', 'evil.example')).status).toBe(421);
  });
});

test('the first password is announced once, kept 0600, and saved as a hash only', async () => {
  const flags = { 'owner.password': undefined };
  await using fresh = await startBox({ flags });
  const [first] = fresh.said;
  expect(fresh.said).toHaveLength(1);
  const file = join(fresh.dir, 'first-password');
  expect(first).toEqual({ password: readFileSync(file, 'utf8').trim(), file });
  const saved = readFileSync(join(fresh.dir, 'password.json'), 'utf8');
  expect(saved).not.toContain(first!.password);
  for (const name of ['first-password', 'password.json'])
    expect(statSync(join(fresh.dir, name)).mode & 0o777).toBe(0o600);
  const reply = await fresh.ask('/api/connect', { headers: { authorization: `Token ${first!.password}` } });
  expect(reply.body).toBe('connected');
});

test('a configured password is for the run and leaves nothing', () => {
  expect(existsSync(join(box.dir, 'password.json'))).toBe(false);
  expect(box.said).toEqual([]);
});
