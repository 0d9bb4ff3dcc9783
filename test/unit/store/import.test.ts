/** Streams of entries, one a line. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/base/errors.ts';
import { authorise, startStore } from './harness.ts';

type It = Awaited<ReturnType<typeof startStore>>;
const ndjson = { 'content-type': 'application/x-ndjson' };
const line = (at: number, value: number = at) => `{"timestamp":${at},"data":{"value":${value}}}\n`;
const linesFrom = (first: number, count: number) => Array.from({ length: count }, (_, n) => line(first + n)).join('');
type Told = { status: number; lines: number; written: number; pointer?: string };
const importAll = async (it: It, body: string | Buffer, path = '/ts/a/batch') => {
  const answer = await it.ask({ method: 'POST', path, body, headers: ndjson });
  return { ...(JSON.parse(answer.body) as Told), status: answer.status };
};
const lengthOf = async (it: It, id = 'a') =>
  (JSON.parse((await it.ask({ path: `/ts/${id}/length` })).body) as { length: number }).length;

/** An import that is still being sent, and its answer. */
function stream(it: It, o: { path?: string; token?: string } = {}) {
  const { path = '/ts/a/batch', token = 'app' } = o;
  const headers = { ...ndjson, 'x-api-key': token, 'transfer-encoding': 'chunked' };
  const options: RequestOptions = { host: '127.0.0.1', port: it.port, agent: it.agent, method: 'POST', path, headers };
  const req = request(options);
  const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
    req.on('error', reject).once('response', (res: IncomingMessage) => {
      let text = '';
      res
        .on('data', (part: Buffer) => (text += part.toString()))
        .on('end', () => {
          resolve({ status: res.statusCode, ...(JSON.parse(text) as object) });
        });
    });
  });
  answer.catch(() => {});
  const storedAtLeast = async (count: number, id = 'a') => {
    while ((await lengthOf(it, id)) < count) await sleep(10);
  };
  return { req, answer, storedAtLeast };
}

describe('an import', () => {
  let it: It;
  beforeEach(async () => (it = await startStore()));
  afterEach(() => it[Symbol.asyncDispose]());

  test('stores more than a batch may hold, and says how much', async () => {
    expect(await importAll(it, linesFrom(0, 30_000))).toEqual({ status: 201, lines: 30_000, written: 30_000 });
    expect((await it.ask({ path: '/ts/a/range/29998/29999' })).body).toBe(
      `[${line(29_999).trim()},${line(29_998).trim()}]`,
    );
  });

  test('sent again changes nothing; what is new among it is stored', async () => {
    const twice = `${line(1)}${line(1)}${line(1, 2)}{"timestamp":1,"data":{"value":1,"a":"b"}}\n`;
    expect(await importAll(it, twice)).toMatchObject({ lines: 4, written: 3 });
    const before = (await it.ask({ path: '/ts/a/first/10' })).body;
    expect(await importAll(it, twice)).toMatchObject({ lines: 4, written: 0 });
    expect((await it.ask({ path: '/ts/a/first/10' })).body).toBe(before);
    expect(await importAll(it, twice + line(2))).toMatchObject({ lines: 5, written: 1 });
    await it.ask({ method: 'POST', path: '/ts/a/at/9', body: '{"value":9.0}' });
    expect(await importAll(it, '{"timestamp":9,"data":{"value":9.0}}')).toMatchObject({ lines: 1, written: 0 });
  });

  test('of documents is the same', async () => {
    const body = '{"timestamp":1,"data":{"a": [1.0]}}\n{"timestamp":1,"data":{"a":[1.00]}}\n{"timestamp":2,"data":[]}';
    expect(await importAll(it, body, '/ts/blob/d/batch')).toMatchObject({ lines: 3, written: 3 });
    expect(await importAll(it, body, '/ts/blob/d/batch')).toMatchObject({ lines: 3, written: 0 });
    expect((await it.ask({ path: '/ts/blob/d/latest' })).body).toBe('[{"timestamp":2,"data":[]}]');
  });

  test('takes what a read in lines gives', async () => {
    await importAll(it, linesFrom(0, 500));
    const { body } = await it.ask({ path: '/ts/a/since/0', headers: { accept: 'application/x-ndjson' } });
    expect(await importAll(it, body, '/ts/b/batch')).toMatchObject({ lines: 500, written: 500 });
  });

  test.each([
    ['nothing', '', { lines: 0, written: 0 }],
    ['empty lines', '\n\r\n  \n', { lines: 3, written: 0 }],
    ['a last line without a break', line(1) + line(2).trim(), { lines: 2, written: 2 }],
    ['line ends of Windows', line(1).replace('\n', '\r\n'), { lines: 1, written: 1 }],
    ['no times', '{"data":{"value":1}}\n{"data":{"value":1}}\n', { lines: 2, written: 2 }],
  ])('of %s', async (_what, body, answer) => {
    expect(await importAll(it, body)).toEqual({ status: 201, ...answer });
  });

  test.each([
    ['no JSON', 'x', 'body.invalid', undefined],
    ['an array of entries', `[${line(3).trim()}]`, 'value.invalid', undefined],
    ['two entries', `${line(3).trim()}${line(4).trim()}`, 'body.invalid', undefined],
    ['an entry over two lines', '{"timestamp":3,\n"data":{"value":1}}', 'body.invalid', undefined],
    ['a text for a number', '{"timestamp":3,"data":{"value":"3"}}', 'value.invalid', '/data'],
    ['a time that is none', '{"timestamp":"3","data":{"value":3}}', 'value.invalid', '/timestamp'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'body.invalid', undefined],
    ['a line beyond the limit', `{"data":{"value":1,"a":"${'x'.repeat(1_100_000)}"}}`, 'body.too-large', undefined],
  ])('with %s in the middle ends there: what is before is stored', async (_what, bad, code, pointer) => {
    const body = Buffer.concat([Buffer.from(linesFrom(0, 5_000)), Buffer.from(bad), Buffer.from(`\n${line(9_999)}`)]);
    const answer = await importAll(it, body);
    expect(answer).toMatchObject({ code, line: 5_001, lines: 5_000, written: 5_000 });
    expect(answer.pointer).toBe(pointer);
    expect(await lengthOf(it)).toBe(5_000);
  });

  test('that is slow is stored as it comes, and is not late while it moves; a single write would be', async () => {
    it.server.requestTimeout = 1_000;
    const slow = stream(it);
    for (let at = 0; at < 10; at++) {
      for (const piece of [line(at).slice(0, 7), line(at).slice(7)]) {
        slow.req.write(piece);
        await sleep(300);
      }
      if (at === 5) await slow.storedAtLeast(6);
    }
    slow.req.end();
    expect(await slow.answer).toMatchObject({ status: 201, lines: 10 });
    const late = request({ host: '127.0.0.1', port: it.port, ca: it.agent.options.ca, method: 'POST', path: '/ts/a' });
    late.setHeader('x-api-key', 'app').setHeader('transfer-encoding', 'chunked');
    late.on('error', () => {}).write('{');
    const [res] = (await once(late, 'response')) as [IncomingMessage];
    expect(res.resume().statusCode).toBe(408);
  });

  test('that is cut off is whole when it is sent again', async () => {
    const cut = stream(it);
    cut.req.write(linesFrom(0, 3_000) + line(3_000).slice(0, 9));
    await cut.storedAtLeast(3_000);
    cut.req.destroy();
    const { lines, written } = await importAll(it, linesFrom(0, 5_000));
    expect({ lines, written }).toEqual({ lines: 5_000, written: 2_000 });
    expect(await lengthOf(it)).toBe(5_000);
  });

  test('ends with the store', async () => {
    const one = stream(it);
    one.req.write(linesFrom(0, 10));
    await one.storedAtLeast(10);
    await it.stores.close('driver-test-core-store');
    one.req.write(linesFrom(10, 10));
    expect(await one.answer).toMatchObject({ status: 404, code: 'store.unknown', lines: 10 });
  });

  test.each([
    ['/ts/a', 415],
    ['/ts/a/at/5', 415],
    ['/ts/batch', 415],
    ['/kv/a/b', 415],
  ])('is for batches: not %s', async (path, status) => {
    expect((await it.ask({ method: 'POST', path, body: line(1), headers: ndjson })).status).toBe(status);
  });

  test('observers are told of what was written, in order, and of nothing twice', async () => {
    const told: string[] = [];
    it.stores.watch('driver-test-core-store', '/ts/a/*', {
      tell: (text) => told.push((JSON.parse(text) as { path: string }).path) > 0,
      end: () => {},
    });
    await importAll(it, linesFrom(0, 1_000));
    await importAll(it, linesFrom(500, 1_000));
    expect(told).toEqual(Array.from({ length: 1_500 }, (_, at) => `/ts/a/at/${at}`));
  });
});

test('an import that stalls is ended, and says how far it came', async () => {
  await using it = await startStore({ stalledMs: 3_000 });
  const stalled = stream(it);
  stalled.req.write(linesFrom(0, 10) + line(10).slice(0, 5));
  expect(await stalled.answer).toMatchObject({ status: 408, code: 'request.timeout', lines: 10, written: 10 });
  await once(stalled.req, 'close');
});

test('a permission that is taken away ends an import; what came before is stored', async () => {
  let isRevoked = false;
  await using it = await startStore({
    authorise(token, use) {
      if (isRevoked && use.method === 'POST') throw new Failure('token.invalid', 'the token is not ours');
      return authorise(token, use);
    },
  });
  const one = stream(it);
  one.req.write(linesFrom(0, 10));
  await one.storedAtLeast(10);
  isRevoked = true;
  one.req.write(linesFrom(10, 10));
  expect(await one.answer).toMatchObject({ status: 401, code: 'token.invalid', lines: 10, written: 10 });
  expect(await lengthOf(it)).toBe(10);
});

test('S04 a quota in the middle is told with how far it came, and the rest goes in when there is room', async () => {
  // As rows, of which so many do not fit.
  await using it = await startStore({ storeLimitBytes: 400 * 1_024, sealing: { batch: Infinity, rows: Infinity } });
  const all = Array.from({ length: 20_000 }, (_, at) => line(at, at + 0.123_456_789));
  const refused = await importAll(it, all.join(''));
  expect(refused).toMatchObject({ status: 507, code: 'store.full' });
  const { lines, written } = refused;
  expect(lines).toBeGreaterThan(500);
  expect([written, await lengthOf(it)]).toEqual([lines, lines]);
  expect((await it.ask({ method: 'DELETE', path: `/ts/a/range/0/${lines}` })).status).toBe(204);
  const rest = all.slice(lines, lines + 500).join('');
  expect(await importAll(it, rest)).toMatchObject({ status: 201, lines: 500, written: 500 });
});
