/** Apps that would exhaust a store: half-sent requests, and observers that do not read. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { client, crowded, halfSent, type Place } from './crowd.ts';

const full = process.env['DATABOX_TEST_FULL'] !== undefined;
const [honest, greedy] = ['127.0.0.2', '127.0.0.3'];

/** A machine that is busy with other things is late. */
const lateMs = 15_000;
/** Of a request that nothing is in the way of. */
const answerMs = 5_000;

const head = 'POST /ts/a HTTP/1.1\r\nHost: kept\r\nX-Api-Key: any\r\nContent-Type: application/json\r\n';
const halves = [
  { what: 'nothing', bytes: '', tls: false },
  { what: 'nothing after the handshake', bytes: '', tls: true },
  { what: 'half of the headers', bytes: 'POST /ts/a HTTP/1.1\r\nHost: ke', tls: true },
  { what: 'half of the body', bytes: `${head}Content-Length: 20\r\n\r\n{"val`, tls: true },
  { what: 'half of the chunks', bytes: `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"val\r\n`, tls: true },
];

const senders = full ? 1_000 : 200;
const most = full ? 512 : 100;

test(`S05 ${senders} half-sent requests of one app are reaped within 30 s; others are served, its descriptors are capped`, async () => {
  await using it = await crowded(most);
  using other = client(it, honest);
  expect((await other.write(0)).status).toBe(201);
  const before = it.descriptors();
  const begun = performance.now();
  const held = Array.from({ length: senders }, (_, n) =>
    halfSent(it, { localAddress: greedy, ...(halves[n % halves.length] as (typeof halves)[number]) }),
  );
  const reaped = Promise.all(held.map(({ closed }) => closed)).then(() => performance.now() - begun);
  let isOver = false;
  void reaped.then(() => (isOver = true));
  const seen = { answers: 0, slowestMs: 0, descriptors: 0 };
  while (!isOver && performance.now() - begun < 30_000 + lateMs) {
    const { status, ms } = await other.write(seen.answers++);
    expect(status).toBe(201);
    seen.slowestMs = Math.max(seen.slowestMs, ms);
    seen.descriptors = Math.max(seen.descriptors, it.descriptors());
    await sleep(100);
  }
  for (const { end } of held) end();
  expect(isOver).toBe(true);
  expect(await reaped).toBeLessThan(30_000 + lateMs);
  expect(seen.answers).toBeGreaterThan(20);
  expect(seen.slowestMs).toBeLessThan(answerMs);
  // A few more for those of the other client, and for files that are opened meanwhile.
  expect(seen.descriptors).toBeGreaterThan(before + most / 2);
  expect(seen.descriptors).toBeLessThanOrEqual(before + most + 16);
  using again = client(it, greedy);
  expect((await again.write(1)).status).toBe(201);
}, 120_000);

/** An open observation; one that does not read is never asked for its bytes. */
async function observe({ port, ca }: Place, o: { localAddress: string; path: string; reads: boolean; last?: string }) {
  const agent = new Agent({ ca });
  const headers = {
    ...{ 'x-api-key': 'any', accept: 'text/event-stream' },
    ...(o.last !== undefined && { 'last-event-id': o.last }),
  };
  const { localAddress, path } = o;
  const req = request({ host: '127.0.0.1', port, agent, path, headers, localAddress, servername: '' });
  const [res] = (await once(req.end(), 'response')) as [IncomingMessage];
  const seen = { events: 0, id: '', text: '', closed: false };
  res.on('error', () => {}).once('close', () => (seen.closed = true));
  let rest = '';
  const read = () =>
    res.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('data: {"timestamp"')) seen.events++;
        if (line.startsWith('id: ')) seen.id = line.slice(4);
      }
      seen.text = (seen.text + text).slice(-4_096);
    });
  if (o.reads) read();
  else res.pause();
  return { seen, read, end: () => (req.destroy(), agent.destroy()) };
}

const observers = full ? 1_000 : 100;
/** They never read, and watch what has long documents: the kernel takes some MB for each before any has to wait. */
const silentOnes = observers / 10;
const loud = { path: '/ts/blob/loud', body: `["${'x'.repeat(60_000)}"]` };
/** All others watch one of these, so many each. */
const share = 10;
const quiet = Array.from({ length: (observers - silentOnes) / share }, (_, n) => `/ts/blob/s${n}`);
const addresses = Array.from({ length: 4 }, (_, n) => `127.0.1.${n + 1}`);
const [rate, total] = full ? [5_000, 50_000] : [400, 2_000];
/** Every so many writes one is loud. */
const loudEach = 10;

test(`S06 ${observers} observers, some never reading, ${rate} writes/s: the slow are cut and come back, writers go on`, async () => {
  await using it = await crowded(512);
  using writer = client(it, honest, 64);
  const observing = (count: number, paths: readonly string[], reads: boolean) =>
    Promise.all(
      Array.from({ length: count }, (_, n) => {
        const localAddress = addresses[n % addresses.length] as string;
        return observe(it, { localAddress, path: paths[n % paths.length] as string, reads });
      }),
    );
  const silent = await observing(silentOnes, [loud.path], false);
  const reading = await observing(observers - silentOnes, quiet, true);
  const beforeMiB = it.residentMiB();
  const written = await flood(writer);
  const grewMiB = it.residentMiB() - beforeMiB;
  // Writers are not held up by those who do not read.
  expect(written.refused).toBe(0);
  expect(written.slowestMs).toBeLessThan(answerMs);
  // 256 KiB for each that reads nothing, and what the collector has not come to yet.
  expect(grewMiB).toBeLessThan(observers * 0.5 + 200);
  // Who reads is told everything.
  const expected = Math.floor(((total / loudEach) * (loudEach - 1)) / quiet.length);
  await until(() => reading.every(({ seen }) => seen.closed || seen.events >= expected));
  expect(reading.filter(({ seen }) => seen.closed)).toEqual([]);
  // Who does not read finds the connection cut, and is told of the gap when it comes back with the last id it saw.
  for (const one of silent) one.read().resume();
  await until(() => silent.every(({ seen }) => seen.closed));
  const last = silent[0]?.seen.id ?? '';
  const back = await observe(it, { localAddress: '127.0.1.1', path: loud.path, reads: true, last });
  await until(() => back.seen.text.includes('event: gap'));
  expect(back.seen.text).toMatch(/event: gap\ndata: \{"reason":"missed","since":\d+\}/);
  for (const { end } of [...silent, ...reading, back]) end();
}, 180_000);

/** Writes at the rate, some at a time, and as long as it takes until all are answered. */
async function flood(writer: ReturnType<typeof client>) {
  const lanes = 64;
  const begun = performance.now();
  const seen = { refused: 0, slowestMs: 0 };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) {
      const n = next++;
      const dueMs = (n / rate) * 1_000 - (performance.now() - begun);
      if (dueMs > 0) await sleep(dueMs);
      const nth = n - Math.floor(n / loudEach) - 1;
      const [path, body] = n % loudEach === 0 ? [loud.path, loud.body] : [quiet[nth % quiet.length] as string, '["x"]'];
      const { status, ms } = await writer.post(path, body);
      if (status !== 201) seen.refused++;
      seen.slowestMs = Math.max(seen.slowestMs, ms);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return seen;
}

async function until(done: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!done()) {
    if (performance.now() > end) throw new Error('it did not come to that');
    await sleep(50);
  }
}
