import { jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { box, destination, local, newFile, otherIp, post, trusted, until, type BoxOptions } from './world.ts';

const { authority, flags } = await trusted([local]);
const pair = await authority.issue([local]);
// Each test starts processes; a loaded machine takes its time over that.
jest.setTimeout(30_000);

const data = '{"a":1}';

type Child = { child: ChildProcess; port: number; tokens: string[] };
/** A box in a process of its own, with an environment that a careless client would obey. */
async function start(options: BoxOptions, tokens: [uri: string, component: string][]): Promise<Child> {
  const argument = JSON.stringify({ options, tokens });
  const child = spawn(process.execPath, ['--no-warnings', `${import.meta.dirname}/child.ts`, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: `http://${local}:9`,
      ALL_PROXY: `http://${local}:9`,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    },
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, ...(JSON.parse(line) as { port: number; tokens: string[] }) };
}
async function kill({ child }: Child): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  expect(await gone).toEqual([null, 'SIGKILL']);
}
const rows = (file: string, sql: string): unknown[] => {
  const db = new Database(file, { readonly: true });
  const list = db.prepare(sql).all();
  db.close();
  return list;
};

test('E09 killed between intent and send: the intent stands; pending is delivered, processing only with a key', async () => {
  // Accepts and says nothing: what is sent there hangs before its handshake.
  const mute = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, local);
  await once(mute, 'listening');
  const { port } = mute.address() as AddressInfo;
  const uri = `https://${local}:${port}/`;
  const file = newFile();
  const child = await start({ file, flags }, [
    [uri, 'app'],
    [uri, 'other'],
  ]);
  const [mine = '', others = ''] = child.tokens;
  const submit = async (o: { token: string; from?: string; n: number; key?: string }) => {
    const headers = o.key === undefined ? {} : { 'idempotency-key': o.key };
    const { body } = await post(child, { id: '', uri, data: `{"n":${o.n}}` }, { ...o, headers });
    return body.id;
  };
  const processing = await submit({ token: mine, n: 1 });
  const pending = await submit({ token: mine, n: 2 });
  const keyed = await submit({ token: others, from: otherIp, n: 3, key: 'k' });
  await until(() => rows(file, `SELECT 1 FROM job WHERE state = 'Processing'`).length === 2);
  await kill(child);
  expect(rows(file, 'SELECT job, status FROM ledger ORDER BY id')).toEqual([
    { job: processing, status: 'sending' },
    { job: keyed, status: 'sending' },
  ]);
  await new Promise((done) => mute.close(done));

  await using there = await destination({ ...pair, port });
  await using again = await box({ file, flags });
  expect((await again.finish(processing, uri)).ext_response).toEqual({
    status: '504 Gateway Timeout',
    body: 'Databox stopped while this was being sent; it may have arrived',
  });
  expect((await again.finish(pending, uri)).ext_response.status).toBe('200 OK');
  await again.finish(keyed, uri, { token: again.token(uri, 'other'), from: otherIp });
  expect(there.received.map(({ body }) => body.toString()).sort()).toEqual(['{"n":2}', '{"n":3}']);
  expect(there.received.find(({ body }) => body.includes('3'))?.headers['idempotency-key']).toBe('k');
  const lines = again.ledger().map(({ job, status }) => ({ job, status }));
  expect(lines).toContainEqual({ job: processing, status: 'unknown' });
  expect(lines.filter(({ job }) => job === keyed).map(({ status }) => status)).toEqual(['answered', 'unknown']);
  expect(lines.filter(({ job }) => job === processing)).toHaveLength(1);
});

test('E07 killed right after an acknowledgement: the export is there and is delivered once', async () => {
  const free = createServer().listen(0, local);
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  await new Promise((done) => free.close(done));
  const uri = `https://${local}:${port}/`;
  const file = newFile();
  const acknowledged: string[] = [];
  for (let round = 0; round < 2; round++) {
    // Nobody listens there yet and the next attempt is an hour away: every job stays pending.
    const child = await start({ file, flags, limits: { firstPauseMs: 3_600_000, longestPauseMs: 3_600_000 } }, [
      [uri, 'app'],
    ]);
    for (let i = 0; i < 5; i++) {
      const { body } = await post(child, { id: '', uri, data }, { token: child.tokens[0] ?? '' });
      acknowledged.push(body.id);
    }
    await kill(child);
  }
  await using there = await destination({ ...pair, port });
  await using again = await box({ file, flags, limits: { longestPauseMs: 50 } });
  const token = again.token(uri);
  const states = await Promise.all(acknowledged.map((id) => again.finish(id, uri, { token })));
  const unknown = again.ledger().filter(({ status }) => status === 'unknown').length;
  expect(states.map(({ state }) => state)).toEqual(acknowledged.map(() => 'Finished'));
  // A kill may meet an attempt under way: that one is told to the app as unknown, and is not sent.
  expect(there.received).toHaveLength(acknowledged.length - unknown);
  expect(unknown).toBeLessThanOrEqual(2);
});

test('E04 E06 an environment that names proxies and switches checks off changes nothing', async () => {
  await using there = await destination(pair);
  await using bad = await destination(await (await trusted([])).authority.issue([local]));
  const uris = [there, bad].map(({ port }) => `https://${local}:${port}/`);
  const child = await start(
    { flags },
    uris.map((uri) => [uri, 'app']),
  );
  for (const [i, uri] of uris.entries()) {
    await post(child, { id: '', uri, data }, { token: child.tokens[i] ?? '' });
  }
  await until(() => there.received.length === 1 && bad.connections === 1);
  await kill(child);
  expect(bad.received).toEqual([]);
});
