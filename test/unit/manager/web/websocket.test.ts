import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { type Box, startBox } from './box.ts';

let box: Box;
let cookie: string;
beforeAll(async () => {
  box = await startBox();
  cookie = await box.logIn();
});
afterAll(() => box[Symbol.asyncDispose]());

describe('a WebSocket', () => {
  let echo: WebSocketServer;
  beforeAll(() => {
    echo = new WebSocketServer({
      server: box.page.server,
      path: '/ui/ws',
      handleProtocols: (all) => [...all][0] ?? false,
    });
    echo.on('connection', (ws, req) => {
      ws.send(`${req.url} ${req.headers.cookie ?? '-'} ${req.headers.origin ?? '-'}`);
      ws.on('message', (data: Buffer, isBinary) =>
        data.toString() === 'bye' ? ws.close(4001, 'so long') : ws.send(data, { binary: isBinary }),
      );
    });
  });
  afterAll(() => echo.close());
  const dial = (path: string, headers: Record<string, string> = { cookie }) =>
    new WebSocket(`wss://127.0.0.1:${box.owner.httpsPort}${path}`, ['chat'], { ca: box.authority.pem, headers });
  const refusal = async (ws: WebSocket): Promise<number> => {
    const [, res] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage];
    ws.on('error', () => {}).terminate();
    return res.statusCode ?? 0;
  };

  test('carries query, protocol, messages of both kinds, and the close code, without the owner’s cookie', async () => {
    const ws = dial('/app-x/ui/ws?room=1', { cookie: `${cookie}; a=1` });
    expect(String((await once(ws, 'message'))[0])).toBe('/ui/ws?room=1 a=1 -');
    expect(ws.protocol).toBe('chat');
    ws.send('text');
    expect(await once(ws, 'message')).toEqual([Buffer.from('text'), false]);
    ws.send(Buffer.alloc(300_000, 7));
    expect(await once(ws, 'message')).toEqual([Buffer.alloc(300_000, 7), true]);
    ws.send('bye');
    const [code, reason] = (await once(ws, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'so long']);
  });

  test.each([
    ['without a session', '/app-x/ui/ws', {}, 401],
    ['U04 from another origin', '/app-x/ui/ws', { origin: 'https://evil.example' }, 403],
    ['U05 under a foreign name', '/app-x/ui/ws', { host: 'evil.example' }, 421],
    ['to an absent component', '/absent/ui/ws', {}, 404],
    ['to the owner’s API', '/core-ui/ui/api/containerStatus', {}, 404],
    ['to a page that takes none', '/app-x/ui/no', {}, 502],
    ['through an encoded slash', '/app-x/ui%2fws', {}, 400],
  ])('%s is refused', async (name, path, headers, status) => {
    const session = name === 'without a session' ? {} : { cookie };
    expect(await refusal(dial(path, { ...session, ...headers }))).toBe(status);
  });

  test('of the box’s own page is let in, and closes with the session', async () => {
    const mine = await box.logIn();
    const ws = dial('/app-x/ui/ws', { cookie: mine, origin: `https://127.0.0.1:${box.owner.httpsPort}` });
    await once(ws, 'message');
    const closed = once(ws, 'close');
    await box.ask('/core-ui/ui/api/logout', { method: 'POST', headers: { cookie: mine } });
    expect((await closed)[0]).toBe(1006);
  });
});
