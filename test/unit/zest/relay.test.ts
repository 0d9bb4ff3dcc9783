/** The thread that carries a gate's bytes: what goes through it, how connections end, and what it counts. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { buildNative } from '../../../build/native.ts';
import { openRelay } from '../../../src/zest/relay.ts';
import { openFiles } from '../../open-files.ts';
import { scratch, until } from './gatehouse.ts';
import { all, endOf, handshake, openRelayed, storm } from './relayed.ts';

buildNative('relay');
const mega = 1024 * 1024;
/** Ten times as many with DATABOX_TEST_FULL=1. */
const many = process.env['DATABOX_TEST_FULL'] ? 10 : 1;

const threads = (): number =>
  readdirSync('/proc/self/task').filter((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8') === 'relay\n')
    .length;
const sockets = (): number => openFiles().filter((name) => name.startsWith('socket:')).length;

test('every byte arrives, both ways and in order, whoever is slow', async () => {
  await using it = await openRelayed();
  const bytes = randomBytes(20 * mega);
  const client = it.client();
  client.write(handshake);
  client.end(bytes);
  // Both directions fill up first.
  await sleep(200);
  const come: Buffer[] = [];
  for await (const piece of client) {
    come.push(piece as Buffer);
    if (come.length % 64 === 0) await sleep(1);
  }
  expect(Buffer.concat(come).equals(bytes)).toBe(true);
  expect(await it.connections[0]?.over).toBe('ended');
}, 60_000);

test('what one of both does not take waits for it in bounds, and keeps no other connection waiting', async () => {
  const far: Socket[] = [];
  await using it = await openRelayed({ serve: (socket) => void far.push(socket.pause()) });
  const one = it.client();
  await until(() => far.length === 1);
  const two = it.client();
  await until(() => far.length === 2);
  for (const client of [one, two]) client.write(handshake);
  one.write(Buffer.alloc(64 * mega));
  await sleep(300);
  const before = one.bytesWritten - one.writableLength;
  await sleep(300);
  expect(one.bytesWritten - one.writableLength).toBe(before);
  two.write('hello');
  let heard = '';
  far[1]!.on('data', (piece: Buffer) => (heard += piece.toString('latin1'))).resume();
  await until(() => heard.endsWith('hello'));
});

test('who has said all is still answered, and what was said before the end arrives', async () => {
  await using it = await openRelayed({
    serve: (socket) => void socket.on('end', () => socket.end(Buffer.alloc(4 * mega, 7))).resume(),
  });
  const client = it.client();
  client.end(handshake);
  expect((await all(client)).equals(Buffer.alloc(4 * mega, 7))).toBe(true);
});

test('a far end that closes closes the near one, after what it said', async () => {
  await using it = await openRelayed({ serve: (socket) => void socket.end('farewell') });
  const client = it.client();
  expect((await all(client)).toString()).toBe('farewell');
  client.end();
  expect(await it.connections[0]?.over).toBe('ended');
});

test('a reset of the near end ends the far one', async () => {
  const far: Socket[] = [];
  await using it = await openRelayed({ serve: (socket) => void far.push(socket.resume()) });
  const client = it.client();
  client.write(handshake);
  await until(() => far.length === 1);
  client.resetAndDestroy();
  expect(await it.connections[0]?.over).toBe('ended');
  await once(far[0]!, 'close');
});

test('cut: at once, whether it is carried already, and once', async () => {
  await using it = await openRelayed();
  const client = it.client();
  client.write(Buffer.concat([handshake, Buffer.from('x')]));
  await once(client, 'data');
  const end = endOf(client);
  it.connections[0]?.cut();
  it.connections[0]?.cut();
  expect([await end, await it.connections[0]?.over, it.connections[0]?.isOver()]).toEqual(['ECONNRESET', 'cut', true]);
  using relay = openRelay();
  using entrance = relay.open('127.0.0.1', (connection) => {
    connection.cut();
    connection.join(it.path, it.account);
  });
  expect(await endOf(connect(entrance.port, '127.0.0.1'))).toBe('ECONNRESET');
});

test('errors have the name of the system, and leave nothing open', async () => {
  const before = sockets();
  {
    await using it = await openRelayed({ file: (path) => `${path}-of-nobody` });
    expect(await endOf(it.client())).toBe('ECONNRESET');
    expect(it.faults).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
    expect(await it.connections[0]?.over).toBe('cut');
    expect(() => it.relay.open('192.0.2.1', () => {})).toThrow('Cannot assign requested address');
  }
  {
    await using it = await openRelayed({ file: () => '/'.repeat(200) });
    expect(await endOf(it.client())).toBe('ECONNRESET');
    expect(it.faults).toEqual([expect.objectContaining({ code: 'ENAMETOOLONG' })]);
  }
  await until(() => sockets() <= before);
});

test('more that is no message than may be: cut, and told', async () => {
  await using it = await openRelayed({ most: { unread: 1_000 }, serve: (socket) => void socket.resume() });
  // Less than nothing is nothing.
  it.account.took(5_000);
  const client = it.client();
  client.write(Buffer.concat([handshake, Buffer.alloc(1_000)]));
  await until(() => it.connections.length === 1);
  await sleep(100);
  it.account.took(1);
  client.write('x');
  await sleep(100);
  expect(it.connections[0]?.isOver()).toBe(false);
  const end = endOf(client);
  client.write('x');
  expect([await end, await it.connections[0]?.over]).toEqual(['ECONNRESET', 'unread']);
  // It went with its connections.
  const next = it.client();
  next.write(Buffer.concat([handshake, Buffer.alloc(1_000)]));
  await until(() => it.connections.length === 2);
  await sleep(100);
  expect(it.connections[1]?.isOver()).toBe(false);
});

test('what is no ZeroMQ is cut', async () => {
  await using it = await openRelayed();
  const client = it.client();
  const end = endOf(client);
  client.write(Buffer.alloc(200, 255));
  expect([await end, await it.connections[0]?.over]).toEqual(['ECONNRESET', 'refused']);
});

test('full is who has been given more than may wait, until it goes, or nothing is there that it could go by', async () => {
  await using it = await openRelayed({
    most: { unsent: 1_000 },
    serve: (socket) => void socket.on('data', () => socket.write('12345')),
  });
  const { account } = it;
  account.gave(1_001);
  expect(account.isFull()).toBe(true);
  const client = it.client().resume();
  client.write(handshake);
  await until(() => !account.isFull());
  account.gave(1_000_000);
  expect(account.isFull()).toBe(true);
  await sleep(500);
  expect(account.isFull()).toBe(true);
  await sleep(600);
  expect(account.isFull()).toBe(false);
  account.gave(1_001);
  client.destroy();
  await it.connections[0]?.over;
  expect(account.isFull()).toBe(false);
});

test('who takes nothing is cut when all that may wait waits, and not before', async () => {
  let give = (): void => {};
  const most = { unsent: 50_000, stalledMs: 200 };
  await using it = await openRelayed({
    most,
    serve: (socket) => void (give = () => socket.write(Buffer.alloc(64 * mega))),
  });
  const client = it.client();
  client.write(handshake);
  await until(() => it.connections.length === 1);
  client.pause();
  await sleep(50);
  give();
  await sleep(600);
  expect(it.connections[0]?.isOver()).toBe(false);
  it.account.gave(1 << 30);
  expect(await it.connections[0]?.over).toBe('unsent');
});

test('full stays full while somebody does not take what there is, however long nothing moves', async () => {
  const most = { unsent: 1_000, stalledMs: 60_000 };
  const far: Socket[] = [];
  await using it = await openRelayed({ most, serve: (socket) => void far.push(socket) });
  const client = it.client().pause();
  client.write(handshake);
  await until(() => far.length === 1);
  far[0]!.write(Buffer.alloc(64 * mega));
  await sleep(300);
  it.account.gave(2_000);
  await sleep(1_200);
  expect(it.account.isFull()).toBe(true);
  client.destroy();
  await it.connections[0]?.over;
  expect(it.account.isFull()).toBe(false);
});

test('a relay that ends resets all that it carries, and leaves no thread', async () => {
  const before = threads();
  await using it = await openRelayed();
  const clients = Array.from({ length: 20 }, () => it.client());
  for (const client of clients) client.write(Buffer.concat([handshake, Buffer.from('x')]));
  await Promise.all(clients.map((client) => once(client, 'data')));
  expect(threads()).toBe(before + 1);
  const ends = clients.map(endOf);
  it.relay[Symbol.dispose]();
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['ECONNRESET']));
  expect(new Set(await Promise.all(it.connections.map(({ over }) => over)))).toEqual(new Set(['cut']));
  expect(threads()).toBe(before);
});

test('a worker that is terminated in the middle takes its relay with it', async () => {
  const server = createServer((socket) => void socket.on('error', () => {}).on('data', () => socket.write('x')));
  await using it = await openRelayed();
  const before = threads();
  server.listen(`${it.path}.worker`);
  await once(server, 'listening');
  for (let n = 0; n < 5; n++) {
    const worker = new Worker(new URL('./relay-thread.ts', import.meta.url), { workerData: `${it.path}.worker` });
    expect(await once(worker, 'message')).toEqual(['carried']);
    await worker.terminate();
  }
  expect(threads()).toBe(before);
  server.close();
}, 60_000);

test('many come and go at once, in every way, while programs are started: nothing is lost, mixed up or left', async () => {
  const before = sockets();
  {
    await using it = await openRelayed({ most: { stalledMs: 50 } });
    const { whole, mixed } = await storm(it, 20 * many);
    expect(mixed).toBe(0);
    expect(whole).toBeGreaterThan(50);
  }
  await until(() => sockets() <= before);
}, 300_000);

test('the same, watched by the sanitizers of addresses and of undefined behaviour', async () => {
  const sanitized = '-fsanitize=address,undefined';
  const target = join(mkdtempSync(join(scratch, 'sanitized-')), 'relay.node');
  buildNative('relay', { target, compiler: ['gcc', sanitized, '-fno-sanitize-recover=all', '-g'] });
  const library = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  const program = join(import.meta.dirname, 'relay-storm.ts');
  // V8 does not give all its memory back at the end.
  const env = { ...process.env, LD_PRELOAD: library, ASAN_OPTIONS: 'detect_leaks=0' };
  const argv = [program, target, String(10 * many)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, argv, { env });
  expect(stderr).toBe('');
  const { whole, mixed } = JSON.parse(stdout) as Awaited<ReturnType<typeof storm>>;
  expect(mixed).toBe(0);
  expect(whole).toBeGreaterThan(25);
}, 600_000);
