import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBacklog, graceMs, lostMs, mostWaiting } from '../../../src/zest/backlog.ts';
import { askToObserve, connect, listen, observe } from './raw.ts';
import { createTarget, openTarget } from './target.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('an observer is told what is posted, as it was posted', async () => {
  await using it = await openTarget();
  using observer = await observe(it, '/kv/a');
  expect(observer.identity).toMatch(uuid);
  using client = connect(it);
  await client.ask('POST /kv/a', { body: '{ "a": 1 }' });
  const { code, options, payload } = await observer.next();
  expect({ code, format: options.get(12)?.toString('hex'), payload }).toEqual({
    code: 69,
    format: '0032',
    payload: '1 /kv/a json { "a": 1 }',
  });
});

test('what is told before the observer is connected waits for it, in order', async () => {
  await using it = await openTarget();
  using client = connect(it);
  const { payload: identity, options } = await client.ask('GET /kv/a', { observe: 'data' });
  for (let n = 0; n < 20; n++) await client.ask('POST /kv/a', { body: `${n}` });
  await sleep(300);
  using late = listen(it, { identity, key: options.get(2048)?.toString() ?? '' });
  for (let n = 0; n < 20; n++) expect((await late.next()).payload).toBe(`1 /kv/a json ${n}`);
});

test('after a restart observers carry on without asking again', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'databox-zest-')), 'zest.sqlite');
  const first = await openTarget({ file });
  using observer = await observe(first, '/kv/a');
  using gone = await observe(first, '/kv/b', { maxAge: 1 });
  const { port, pushPort } = first;
  await first[Symbol.asyncDispose]();
  expect(await observer.silent()).toBe(true);
  await sleep(1_000);
  await using second = await openTarget({ file, port, pushPort });
  using client = connect(second);
  await client.ask('POST /kv/a', { body: '{"again":true}' });
  expect((await observer.next()).payload).toBe('1 /kv/a json {"again":true}');
  expect((await gone.next()).bytes.toString('hex')).toBe('a3000000');
  expect(second.rows()).toHaveLength(1);
});

test('after a restart a right that has gone is not used again', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'databox-zest-')), 'zest.sqlite');
  const first = await openTarget({ file });
  await askToObserve(first, '/kv/a');
  await first[Symbol.asyncDispose]();
  const target = createTarget();
  const may = target.service.observe;
  target.service.observe = (request, how) => may({ ...request, token: 'forged' }, how);
  await using second = await openTarget({ file, target });
  expect([second.rows(), second.observers.size]).toEqual([[], 0]);
});

test('an observation ends when it was to end, and is told so', async () => {
  await using it = await openTarget();
  using observer = await observe(it, '/kv/a', { maxAge: 1 });
  expect((await observer.next()).bytes.toString('hex')).toBe('a3000000');
  expect([it.observers.size, it.rows()]).toEqual([0, []]);
});

test('who does not read loses events of its own only, the oldest that wait, and holds nobody up', async () => {
  await using it = await openTarget();
  using deaf = listen(it, await askToObserve(it, '/kv/a'), 1);
  using reader = await observe(it, '/kv/a');
  using client = connect(it);
  const filling = 'x'.repeat(40_000);
  const posts = 1_000;
  for (let n = 0; n < posts; n++) {
    await client.ask('POST /kv/a', { body: `${n} ${filling}` });
    expect((await reader.next()).payload.split(' ')[3]).toBe(`${n}`);
  }
  const heard = [];
  while (heard.at(-1) !== posts - 1) heard.push(Number((await deaf.next()).payload.split(' ')[3]));
  expect(heard).toEqual(heard.toSorted((a, b) => a - b));
  expect(heard.length).toBeLessThan(posts);
});

test('a component may not observe without end', async () => {
  await using it = await openTarget();
  using client = connect(it);
  const codes: number[] = [];
  for (let n = 0; n < 257; n++) codes.push((await client.ask('GET /kv/a', { observe: '' })).code);
  expect([codes.filter((code) => code === 69).length, codes.at(-1)]).toEqual([256, 163]);
  expect([it.observers.size, it.rows().length]).toEqual([256, 256]);
});

test('a backlog keeps the newest, gives up after the grace, and says when its owner is lost', () => {
  const backlog = createBacklog();
  for (let n = 0; n < mostWaiting.frames; n++) expect(backlog.add(Buffer.from(`${n}`))).toBe(false);
  expect([backlog.add(Buffer.from('last')), backlog.frames.length]).toEqual([true, mostWaiting.frames]);
  expect(backlog.frames[0]?.toString()).toBe('1');
  backlog.add(Buffer.alloc(mostWaiting.bytes));
  expect(backlog.frames.length).toBe(1);
  expect([backlog.failed('absent', 0), backlog.isDue(19), backlog.isDue(20)]).toEqual(['waits', false, true]);
  expect([backlog.failed('absent', 20), backlog.isDue(59), backlog.isDue(60)]).toEqual(['waits', false, true]);
  expect([backlog.failed('slow', graceMs), backlog.frames.length]).toEqual(['waits', 1]);
  expect([backlog.failed('absent', graceMs), backlog.frames.length]).toEqual(['dropped', 0]);
  expect(backlog.failed('absent', lostMs)).toBe('lost');
  backlog.add(Buffer.from('x'));
  backlog.sent(backlog.frames[0] as Buffer);
  expect([backlog.failed('absent', lostMs + 1), backlog.isDue(lostMs + 21)]).toEqual(['waits', true]);
});

test('a frame that had to go while it was sent takes no other one with it', () => {
  const backlog = createBacklog();
  const [first, ...rest] = Array.from({ length: mostWaiting.frames + 1 }, (_, n) => Buffer.from(`${n}`)) as [
    Buffer,
    ...Buffer[],
  ];
  backlog.add(first);
  // Under way; the last one finds no room.
  for (const frame of rest) backlog.add(frame);
  expect(backlog.frames[0]).toBe(rest[0]);
  backlog.sent(first);
  expect(backlog.frames).toEqual(rest);
});
