/** The gate of a target: who asks is known by its address, and each caller is apart from the others. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { app, knock, openGate, other, scratch, stranger, until } from './gatehouse.ts';
import { askToObserve, connect, listen, observe } from './raw.ts';

test('who asks is who is at the address, whatever it calls itself', async () => {
  await using it = await openGate();
  using one = connect(it.from(app));
  using two = connect(it.from(other));
  expect((await one.ask('GET /who', { host: 'other' })).payload).toBe(app);
  expect((await two.ask('GET /who', { host: 'app' })).payload).toBe(other);
  expect((await one.ask('POST /kv/a', { body: '{"a":1}' })).code).toBe(65);
  expect((await two.ask('GET /kv/a')).payload).toBe('{"a":1}');
});

test('an address of nobody is not served, at neither port', async () => {
  await using it = await openGate();
  const { port, pushPort } = it.from(stranger);
  for (const door of [port, pushPort]) expect(await knock({ port: door, from: stranger }).end).toBe('ECONNRESET');
  expect([it.asked, readdirSync(it.dir)]).toEqual([[], []]);
  it.names.set(stranger, 'newcomer');
  using client = connect(it.from(stranger));
  expect((await client.ask('GET /who')).payload).toBe(stranger);
});

test('events go to who observes: whoever else knows the identity and the key is told nothing', async () => {
  await using it = await openGate();
  const told = await askToObserve(it.from(app), '/kv/a');
  using thief = listen(it.from(other), told);
  using mine = listen(it.from(app), told);
  using client = connect(it.from(other));
  for (let n = 0; n < 3; n++) {
    await client.ask('POST /kv/a', { body: `${n}` });
    expect((await mine.next()).payload).toBe(`1 /kv/a json ${n}`);
  }
  expect(await thief.silent()).toBe(true);
});

test('a caller may hold so many connections, at both ports together, and no other caller is held up by it', async () => {
  await using it = await openGate({ connections: 3 });
  const { port, pushPort } = it.from(app);
  const held = [port, pushPort, port].map((door) => knock({ port: door, from: app }));
  await until(() => readdirSync(it.dir).length === 2);
  expect(await knock({ port, from: app }).end).toBe('ECONNRESET');
  expect(it.refused).toEqual([app]);
  using client = connect(it.from(other));
  expect((await client.ask('GET /who')).payload).toBe(other);
  expect(it.gate.reset(app)).toBe(3);
  expect(await Promise.all(held.map(({ end }) => end))).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
  using again = connect(it.from(app));
  expect((await again.ask('GET /who')).payload).toBe(app);
});

test('what connects and says nothing, or is no ZeroMQ, is cut off', async () => {
  await using it = await openGate();
  const { port, pushPort } = it.from(app);
  const words = [undefined, Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(10)), Buffer.alloc(60_000, 255)];
  const knocks = words.flatMap((word) => [port, pushPort].map((door) => knock({ port: door, from: app }, word)));
  await Promise.all(knocks.map(({ end }) => end));
});

test('one that has ended leaves nothing: no connection, no observation, no socket', async () => {
  await using it = await openGate();
  using kept = await observe(it.from(other), '/kv/a');
  using observer = await observe(it.from(app), '/kv/a');
  using client = connect(it.from(other));
  await client.ask('POST /kv/a', { body: '1' });
  expect((await observer.next()).payload).toBe('1 /kv/a json 1');
  await kept.next();
  // Its program would come back at once.
  it.names.delete(app);
  await it.gate.forget(app);
  expect(it.rows().map(({ caller }) => caller)).toEqual([other]);
  expect([readdirSync(it.dir).length, it.observers.size]).toEqual([2, 1]);
  await client.ask('POST /kv/a', { body: '2' });
  expect((await kept.next()).payload).toBe('1 /kv/a json 2');
  expect(await observer.silent()).toBe(true);
});

test('an address that goes to another component brings nothing of the one before it', async () => {
  await using it = await openGate();
  const told = await askToObserve(it.from(app), '/kv/a');
  const before = knock({ port: it.from(app).port, from: app });
  await until(() => before.socket.readyState === 'open');
  it.names.set(app, 'newcomer');
  using newcomer = listen(it.from(app), told);
  using client = connect(it.from(app));
  await client.ask('POST /kv/a', { body: '1' });
  expect([await newcomer.silent(), it.rows(), await before.end]).toEqual([true, [], 'ECONNRESET']);
});

test('after a restart observers carry on, those of components that are gone do not', async () => {
  const file = join(scratch, 'zest.sqlite');
  const first = await openGate({ file });
  const mine = await askToObserve(first.from(app), '/kv/a');
  const theirs = await askToObserve(first.from(other), '/kv/a');
  await first[Symbol.asyncDispose]();
  const names = new Map([[app, 'app']]);
  await using second = await openGate({ file, names });
  using observer = listen(second.from(app), mine);
  using client = connect(second.from(app));
  await until(() => second.rows().length === 1);
  await client.ask('POST /kv/a', { body: '{"again":true}' });
  expect((await observer.next()).payload).toBe('1 /kv/a json {"again":true}');
  expect(second.rows().map(({ identity }) => identity)).not.toContain(theirs.identity);
});
