import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/base/config.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { modernSpelling } from '../../../src/cli/index.ts';
import { fit } from '../../../src/cli/text.ts';
import { startDesk } from '../../../src/dev.ts';
import { type AdminBox, app, startAdminBox } from '../manager/web/admin-box.ts';
import { databox, inProcess } from './command.ts';

let box: AdminBox;
beforeAll(async () => (box = await startAdminBox()));
afterAll(() => box[Symbol.asyncDispose]());
const child = (...args: string[]) => databox(args, { DATABOX_RUN_DIR: box.runDir });

async function write(value: number): Promise<void> {
  await using http = await listen({
    ...{ address: '127.0.0.1', port: 0 },
    handler: box.parts.stores.handler('driver-x-core-store'),
  });
  const headers = { 'content-type': 'application/json', 'x-api-key': 'any', connection: 'close' };
  const body = JSON.stringify({ value });
  const reply = await fetch(`http://127.0.0.1:${http.port}/ts/loadavg1`, { method: 'POST', headers, body });
  await reply.arrayBuffer();
  if (!reply.ok) throw new Error(String(reply.status));
}

describe('store watch', () => {
  test('prints what is written, and ends with its reason when the store closes', async () => {
    await box.parts.stores.open('app-w-core-store');
    const { stores } = box.parts;
    const begun = Promise.withResolvers<void>();
    const watch = stores.watch.bind(stores);
    stores.watch = (...args) => (begun.resolve(), watch(...args));
    const watched = inProcess(box.runDir, ['store', 'watch', 'app-w-core-store', '/kv/*', '--json']);
    await begun.promise;
    stores.watch = watch;
    const path = '/watch/driver-x-core-store/ts/*';
    const seen = await new Promise<string>((resolve, reject) => {
      const req = request({ socketPath: box.admin.path, path, agent: false }, (res) => {
        res.setEncoding('utf8').once('data', (line: string) => (resolve(line), req.destroy()));
        res.on('error', () => {});
        void write(0.75).catch(reject);
      });
      req.on('error', () => {}).end();
    });
    expect(JSON.parse(seen)).toMatchObject({ path: '/ts/loadavg1', format: 'json', data: { value: 0.75 } });
    await box.parts.stores.close('app-w-core-store');
    expect(await watched).toMatchObject({
      ...{ code: 75, out: '' },
      err: expect.stringContaining('"reason":"closed"') as string,
    });
  });
  test('cuts a watcher that does not read, and holds no more for it than it says', async () => {
    const ended: string[] = [];
    let told = 0;
    const tell = (): boolean => ++told < 3;
    box.parts.stores.watch('driver-x-core-store', '/ts/*', { tell, end: (reason) => ended.push(reason) });
    for (let at = 0; at < 5; at++) await write(at);
    expect([told, ended]).toEqual([3, ['slow']]);
  });
  test('of a store that is not there, or a path that is none, is refused', async () => {
    const [store, path] = await Promise.all([
      inProcess(box.runDir, ['store', 'watch', 'absent', '/ts/*']),
      inProcess(box.runDir, ['store', 'watch', 'driver-x-core-store', '/ts/*/more']),
    ]);
    expect([store.code, path.code]).toEqual([66, 64]);
  });
});

describe('token', () => {
  test('of a desk works from here as it is printed', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'databox-token-'));
    try {
      writeFileSync(join(dir, 'app-x.json'), JSON.stringify(app));
      const flags = { 'state.dir': join(dir, 'state'), 'appstore.repositories': [dir] };
      const signal = new AbortController().signal;
      await using desk = await startDesk({ config: loadConfig({ flags }), log: silent, signal, port: 0 });
      const route = ['GET', 'app-x-core-store', '/status'];
      const { out, code } = await inProcess('', ['token', 'app-x', ...route, '--dev', desk.url, '--json']);
      const { token, claims } = JSON.parse(out) as { token: string; claims: object };
      expect([code, claims]).toEqual([0, expect.objectContaining({ sub: 'app-x', aud: 'app-x-core-store' })]);
      const reply = await fetch(`${desk.url}/app-x-core-store/status`, { headers: { 'x-api-key': token } });
      expect([reply.status, await reply.text()]).toEqual([200, 'active']);
      const text = await inProcess('', ['token', 'app-x', ...route, '--dev', desk.url]);
      expect(text.out).toContain(`'${desk.url}/app-x-core-store/status'`);
      const refused = await inProcess('', ['token', 'absent', ...route, '--dev', desk.url]);
      expect(refused.code).toBe(77);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
  test('of a desk that is not there says so', async () => {
    const none = await inProcess('', ['token', 'a', 'GET', 's', '/', '--dev', 'http://127.0.0.1:9']);
    expect([none.code, none.err]).toEqual([69, expect.stringContaining('http://127.0.0.1:9')]);
  });
});

test('logs without a name are of every component, each line with its name', async () => {
  const [text, json] = [await inProcess(box.runDir, ['logs']), await inProcess(box.runDir, ['logs', '--json'])];
  expect(text.out).toBe(
    'app-y     hello from app-y\t\\u001b[2Jhidden\ndriver-x  hello from driver-x\t\\u001b[2Jhidden\n',
  );
  expect(JSON.parse(json.out.split('\n')[1] ?? '')).toMatchObject({ component: 'driver-x' });
});

test('what is not understood is a problem for programs, with a suggestion', async () => {
  const { code, err } = await child('list', '--jsn', '--json');
  expect(code).toBe(64);
  expect(JSON.parse(err)).toMatchObject({ code: 'usage', title: expect.stringContaining('--json') as string });
});

test('the original’s spellings are understood, and what is gone says why', async () => {
  expect(modernSpelling(['node', 'databox', 'start', '-sslHostName', 'box', '-flushSLAs', '-v'])).toEqual([
    ...['node', 'databox', 'start', '--sslHostName', 'box', '--flushSLAs', '-v'],
  ]);
  const mount = ['-devmount', '[{"ContName":"app-x","ContSrcPath":"/src","HostSrcPath":"."}]'];
  const unsafe = await child(...modernSpelling(['', '', 'start', ...mount]).slice(2));
  expect([unsafe.code, unsafe.err]).toEqual([64, expect.stringContaining('databox install-component FOLDER --watch')]);
  const gone = await child('start', '--cm', 'image', '--json');
  expect([gone.code, JSON.parse(gone.err)]).toEqual([
    64,
    expect.objectContaining({ code: 'usage', title: expect.stringContaining('one process') as string }),
  ]);
});

test('columns give way on a narrow terminal, the widest first', () => {
  expect(fit([10, 40, 5], 40)).toEqual([10, 21, 5]);
  expect(fit([10, 12], 80)).toEqual([10, 12]);
  expect(fit([20, 20], 10)).toEqual([8, 8]);
});

test('a reader that has had enough, such as head, is no failure', async () => {
  const args = ['src/main.ts', 'store', 'watch', 'driver-x-core-store', '/ts/*', '--run-dir', box.runDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (err += part));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdout.destroy();
  let last = Promise.resolve();
  const writing = setInterval(() => {
    last = write(1);
  }, 200);
  try {
    expect([await closed, err]).toEqual([0, '']);
  } finally {
    clearInterval(writing);
    // The box goes after the last of them.
    await last;
  }
});
