import Database from 'better-sqlite3';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { box, destination, local, newFile, otherIp, trusted, until, type Box } from './world.ts';

const { authority, flags } = await trusted([local]);
const pair = await authority.issue([local]);
const data = '{"a":1}';
/** A port where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, local);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
const submit = async (here: Box, uri: string, o: { data?: string; key?: string } = {}) => {
  const headers = o.key === undefined ? {} : { 'idempotency-key': o.key };
  return here.post({ id: '', uri, data: o.data ?? data }, { token: here.token(uri), headers });
};

test('E07 the queue of one app is bounded; another app’s is not touched by it', async () => {
  await using there = await destination(pair);
  await using here = await box({ flags: { ...flags, 'export.queue-limit': 3 }, limits: { firstPauseMs: 60_000 } });
  const dead = `https://${local}:${await deadPort()}/`;
  const replies = [];
  for (let i = 0; i < 5; i++) replies.push(await submit(here, dead));
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  expect(replies[4]?.body.code).toBe('export.full');
  const uri = `https://${local}:${there.port}/`;
  const token = here.token(uri, 'other');
  const other = await here.post({ id: '', uri, data }, { token, from: otherIp });
  expect((await here.finish(other.body.id, uri, { token, from: otherIp })).ext_response.status).toBe('200 OK');
});

test('E07 an app whose destination hangs delays no other app, and has one export under way', async () => {
  await using hanging = await destination(pair, () => {});
  await using there = await destination(pair);
  await using here = await box({ flags });
  for (let i = 0; i < 5; i++) await submit(here, `https://${local}:${hanging.port}/`);
  await until(() => hanging.received.length === 1);
  const uri = `https://${local}:${there.port}/`;
  const token = here.token(uri, 'other');
  const { id } = (await here.post({ id: '', uri, data }, { token, from: otherIp })).body;
  expect((await here.finish(id, uri, { token, from: otherIp })).state).toBe('Finished');
  expect(hanging.received).toHaveLength(1);
});

test('E07 what never connected is tried again and arrives once, on one line of the ledger', async () => {
  const port = await deadPort();
  await using here = await box({ flags });
  const uri = `https://${local}:${port}/`;
  const { id } = (await submit(here, uri)).body;
  await until(() => (here.ledger()[0]?.attempts ?? 0) >= 2);
  expect(here.ledger()[0]?.status).toMatch(/waiting|sending/);
  await using there = await destination({ ...pair, port });
  expect((await here.finish(id, uri)).ext_response.status).toBe('200 OK');
  expect(there.received).toHaveLength(1);
  expect(here.ledger()).toMatchObject([{ status: 'answered', job: id }]);
});

test('a dead destination does not hold up the same app’s other destinations', async () => {
  await using there = await destination(pair);
  await using here = await box({ flags, limits: { firstPauseMs: 60_000 } });
  await submit(here, `https://${local}:${await deadPort()}/`);
  const { ext_response } = await here.deliver(`https://${local}:${there.port}/`);
  expect(ext_response.status).toBe('200 OK');
});

test('E07 what may have arrived is not sent again without a key', async () => {
  await using there = await destination(pair, (req) => req.socket.destroy());
  await using here = await box({ flags });
  const uri = `https://${local}:${there.port}/`;
  const { ext_response } = await here.deliver(uri);
  expect(ext_response.status).toBe('504 Gateway Timeout');
  expect(there.received).toHaveLength(1);
  expect(here.ledger()).toMatchObject([{ status: 'unknown' }]);
});

test('E07 with a key it is sent again, the key goes along, and every sending has its line', async () => {
  let cut = 2;
  await using there = await destination(pair, (req, res) => (cut-- > 0 ? req.socket.destroy() : res.end('at last')));
  await using here = await box({ flags });
  const { ext_response } = await here.deliver(`https://${local}:${there.port}/`, { a: 1 }, { key: 'order-5' });
  expect(ext_response).toEqual({ status: '200 OK', body: 'at last' });
  expect(there.received.map(({ headers }) => headers['idempotency-key'])).toEqual(['order-5', 'order-5', 'order-5']);
  expect(here.ledger().map(({ status }) => status)).toEqual(['answered', 'unknown', 'unknown']);
});

test('the same key is the same job, also when it is finished, delivered, and after a restart', async () => {
  await using there = await destination(pair);
  const uri = `https://${local}:${there.port}/`;
  const file = newFile();
  let id: string;
  {
    await using here = await box({ file, flags });
    ({ id } = (await submit(here, uri, { key: 'k' })).body);
    await here.finish(id, uri);
    expect((await submit(here, uri, { key: 'k' })).body).toMatchObject({ id, state: 'Finished' });
  }
  await using again = await box({ file, flags });
  expect((await submit(again, uri, { key: 'k' })).body).toMatchObject({ id, ext_response: { body: 'thank you' } });
  expect(there.received).toHaveLength(1);
  expect((await submit(again, uri, { key: 'k', data: '{"b":2}' })).status).toBe(409);
  // Another app's key of the same text is another key.
  const token = again.token(uri, 'other');
  const other = await again.post({ id: '', uri, data, idempotencyKey: 'k' }, { token, from: otherIp });
  expect(other.body.id).not.toBe(id);
});

test('header and body may not name different keys', async () => {
  await using here = await box({ flags });
  const uri = `https://${local}:1/`;
  const reply = await here.post(
    { id: '', uri, data, idempotencyKey: 'a' },
    { token: here.token(uri), headers: { 'idempotency-key': 'b' } },
  );
  expect(reply.status).toBe(400);
});

test('a long poll returns at the next change of state, or after its time', async () => {
  let release: () => void = () => {};
  await using there = await destination(pair, (_req, res) => (release = () => res.end('done')));
  await using here = await box({ flags });
  const uri = `https://${local}:${there.port}/`;
  const { id } = (await submit(here, uri)).body;
  await until(() => there.received.length === 1);
  const poll = (timeout: string) =>
    here.post({ id, uri, data: '' }, { token: here.token(uri), path: `/lp/export?timeout=${timeout}` });
  const before = performance.now();
  expect((await poll('0.2')).body.state).toBe('Processing');
  expect(performance.now() - before).toBeGreaterThan(190);
  const waiting = poll('30');
  setTimeout(() => release(), 50);
  expect((await waiting).body).toMatchObject({ state: 'Finished', ext_response: { body: 'done' } });
  expect(performance.now() - before).toBeLessThan(5_000);
});

test('E07 forget drops what waits, ends what is under way, and tries nothing again', async () => {
  await using hanging = await destination(pair, () => {});
  await using here = await box({ flags });
  const uri = `https://${local}:${hanging.port}/`;
  const { id } = (await submit(here, uri, { key: 'k' })).body;
  await submit(here, uri);
  await until(() => hanging.received.length === 1);
  here.outbox.forget('app');
  await until(() => here.ledger()[0]?.status === 'unknown');
  await new Promise((done) => setTimeout(done, 100));
  expect(hanging.received).toHaveLength(1);
  expect((await here.post({ id, uri, data: '' }, { token: here.token(uri) })).status).toBe(404);
  expect(here.ledger()).toHaveLength(1);
});

test('forget of one destination leaves the others', async () => {
  await using there = await destination(pair);
  await using here = await box({ flags, limits: { firstPauseMs: 300 } });
  const dead = `https://${local}:${await deadPort()}/`;
  const { id } = (await submit(here, dead)).body;
  await until(() => here.ledger()[0]?.status === 'waiting');
  here.outbox.forget('app', dead);
  expect((await here.post({ id, uri: dead, data: '' }, { token: here.token(dead) })).status).toBe(404);
  expect(here.ledger()).toMatchObject([{ status: 'failed', answer: 'withdrawn before it was sent' }]);
  expect((await here.deliver(`https://${local}:${there.port}/`)).state).toBe('Finished');
});

test('an orderly stop keeps what waits, and the next start delivers it', async () => {
  const port = await deadPort();
  const uri = `https://${local}:${port}/`;
  const file = newFile();
  let id: string;
  {
    await using here = await box({ file, flags });
    ({ id } = (await submit(here, uri)).body);
  }
  await using there = await destination({ ...pair, port });
  await using again = await box({ file, flags });
  expect((await again.finish(id, uri)).ext_response.status).toBe('200 OK');
  expect(there.received).toHaveLength(1);
});

test('a clock that was set back years does not hold up what was postponed before', async () => {
  const port = await deadPort();
  const uri = `https://${local}:${port}/`;
  let shift = 10 * 365 * 86_400_000;
  await using here = await box({ flags, now: () => Date.now() + shift, limits: { longestPauseMs: 50 } });
  const { id } = (await submit(here, uri)).body;
  await until(() => here.ledger()[0]?.status === 'waiting');
  shift = 0;
  await using there = await destination({ ...pair, port });
  expect((await here.finish(id, uri)).ext_response.status).toBe('200 OK');
  expect(there.received).toHaveLength(1);
});

test('O07 refusals are listed up to a bound, and those before are still counted', async () => {
  const file = newFile();
  await (await box({ file, flags }))[Symbol.asyncDispose]();
  const db = new Database(file);
  db.exec(`INSERT INTO ledger (component, destination, bytes, at, ended, attempts, status, answer, count)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    SELECT 'app', 'https://old.example/', 1, i, i, 0, 'refused', '', 2 FROM n`);
  db.close();
  await using here = await box({ file, flags });
  const token = here.token('https://a.example/');
  for (const n of [1, 2]) await here.post({ id: '', uri: `https://b.example/${n}`, data }, { token });
  const lines = here.outbox.ledger({ component: 'app', limit: 10_000 });
  expect(lines.filter(({ status }) => status === 'refused')).toHaveLength(9_002);
  expect(lines.find(({ status }) => status === 'omitted')).toMatchObject({ count: 2_000 });
});

test('O07 exports are listed up to a bound, and what left before is still counted with its bytes', async () => {
  const file = newFile();
  await using there = await destination(pair);
  await (await box({ file, flags }))[Symbol.asyncDispose]();
  const db = new Database(file);
  db.exec(`INSERT INTO ledger (component, destination, bytes, sha256, at, ended, attempts, status, answer, count)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    SELECT 'app', 'https://' || iif(i % 2, 'a', 'b') || '.example/', 10, 'x', i, i, 1,
           iif(i % 5, 'answered', 'failed'), '', 1 FROM n`);
  db.close();
  await using here = await box({ file, flags });
  const uri = `https://${local}:${there.port}/`;
  await here.deliver(uri, {});
  const omitted = here.outbox.ledger({ component: 'app', since: Date.now() - 60_000 });
  expect(omitted.map(({ status, destination: to, count, bytes, at }) => ({ status, to, count, bytes, at }))).toEqual(
    expect.arrayContaining([
      { status: 'omitted', to: 'https://a.example/', count: 400, bytes: 4_000, at: 1 },
      { status: 'omitted', to: 'https://b.example/', count: 400, bytes: 4_000, at: 2 },
      { status: 'omitted', to: '', count: 200, bytes: 0, at: 5 },
      expect.objectContaining({ status: 'answered', to: uri }),
    ]),
  );
  expect(omitted).toHaveLength(4);
  const look = new Database(file, { readonly: true });
  expect(look.prepare('SELECT min(id) AS first, count(*) AS rows FROM ledger').get()).toEqual({
    first: 1_001,
    rows: 99_004,
  });
  look.close();
});

test('a line of the ledger that a finished export wrote can be omitted like another', async () => {
  const file = newFile();
  await using here = await box({ file, flags: { ...flags, 'export.private-hosts': [] } });
  await here.deliver(`https://${local}:1/`, {}, { key: 'k' });
  expect(here.ledger()).toMatchObject([{ status: 'refused' }]);
  const db = new Database(file);
  expect(db.prepare(`DELETE FROM ledger WHERE status = 'refused'`).run().changes).toBe(1);
  db.close();
});

test('when it is told to stop, a long poll is answered and nothing more is sent; what is submitted then stays', async () => {
  await using hanging = await destination(pair, () => {});
  const stop = new AbortController();
  await using here = await box({ flags, stop });
  const uri = `https://${local}:${hanging.port}/`;
  const { id } = (await submit(here, uri)).body;
  await until(() => hanging.received.length === 1);
  const poll = here.post({ id, uri, data: '' }, { token: here.token(uri), path: '/lp/export?timeout=30' });
  setTimeout(() => stop.abort(), 50);
  expect((await poll).status).toBe(200);
  await until(() => here.ledger()[0]?.status === 'unknown');
  expect((await submit(here, uri)).body.state).toBe('Pending');
  expect(hanging.received).toHaveLength(1);
});

test('eight exports are under way at once, of as many apps; the others follow', async () => {
  const answers: (() => void)[] = [];
  await using there = await destination(pair, (_req, res) => answers.push(() => res.end()));
  await using here = await box({ flags });
  const uri = `https://${local}:${there.port}/`;
  for (let n = 0; n < 10; n++) {
    const [name, from] = [`app-${n}`, `127.0.1.${n + 1}`];
    here.arbiter.register({ name, type: 'app', key: name, address: from });
    await here.post({ id: '', uri, data: `[${n}]` }, { token: here.token(uri, name), from });
    await here.post({ id: '', uri, data: `[${n}]` }, { token: here.token(uri, name), from });
  }
  await until(() => answers.length === 8);
  expect(new Set(there.received.map(({ body }) => body.toString())).size).toBe(8);
  // Those that have not had a turn come before the second export of those that have.
  answers.splice(0, 2).forEach((answer) => answer());
  await until(() => there.received.length === 10);
  expect(new Set(there.received.map(({ body }) => body.toString())).size).toBe(10);
});
