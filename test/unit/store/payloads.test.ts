/** S03, S07: what a hostile or careless sender puts into bodies and times. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { startStore, type Answer } from './harness.ts';

const it = await startStore();
afterAll(() => it[Symbol.asyncDispose]());
const post = (path: string, body: string | Buffer, headers = {}) => it.ask({ method: 'POST', path, body, headers });
const get = (path: string) => it.ask({ path });
const codeOf = ({ body }: Answer) => (JSON.parse(body) as { code?: string }).code;

describe('S03 payloads', () => {
  const megabyte = 1024 * 1024;
  test('of the limit are taken, of one byte more refused', async () => {
    const filled = (bytes: number) => `["${'a'.repeat(bytes - 4)}"]`;
    expect((await post('/ts/blob/big', filled(megabyte))).status).toBe(201);
    expect((await it.ask({ path: '/ts/blob/big/latest' })).body.length).toBeGreaterThan(megabyte);
    expect((await post('/ts/blob/big', filled(megabyte + 1))).status).toBe(413);
  });

  test('without a length are refused as soon as they pass the limit', async () => {
    const answer = await endless('/ts/blob/big');
    expect(answer).toMatch(/^HTTP\/1.1 413 .*body\.too-large/s);
  });

  test.each([
    ['64 deep', '['.repeat(64) + ']'.repeat(64), 201],
    ['65 deep', '['.repeat(65) + ']'.repeat(65), 400],
    ['100,000 deep', '['.repeat(100_000), 400],
    ['a member twice, deep inside', '{"a":[{"b":1,"c":{"b":1},"b":2}]}', 400],
    ['a member twice, once escaped', '{"a":1,"\\u0061":2}', 400],
    ['a colon in a string', '{"a":":","b":"\\":"}', 201],
    ['1e999 deep inside', '{"a":[1e999]}', 400],
    ['-1e999', '[-1e999]', 400],
    ['half a surrogate pair', '["\\udc00"]', 400],
    ['a whole pair', '["\\ud83d\\ude00"]', 201],
    ['bytes that are no UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), 400],
    ['a raw line break in a string', '["\n"]', 400],
  ])('%s', async (_claim, body, status) => {
    expect((await post('/ts/blob/shapes', body)).status).toBe(status);
  });

  test('an unusual key is a key', async () => {
    const body = '{"__proto__":{"a":1},"constructor":2,"1":3,"0":4}';
    expect((await post('/kv/odd/__proto__', body)).status).toBe(201);
    expect((await it.ask({ path: '/kv/odd/__proto__' })).body).toBe(body);
  });

  test.each([
    ['100 MB that are announced', 'Content-Length: 100000000\r\n', '{"value":1'],
    ['two lengths that differ', 'Content-Length: 11\r\nContent-Length: 12\r\n', '{"value":1}'],
    ['a length and chunks', 'Content-Length: 11\r\nTransfer-Encoding: chunked\r\n', 'b\r\n{"value":1}\r\n0\r\n\r\n'],
    ['a negative length', 'Content-Length: -1\r\n', '{"value":1}'],
    ['a length that is too short', 'Content-Length: 5\r\n', '{"value":1}'],
    ['a chunk that is no number', 'Transfer-Encoding: chunked\r\n', 'zz\r\n{"value":1}\r\n'],
  ])('%s: refused, and nothing is written', async (_claim, headers, body) => {
    const answer = await raw(`POST /ts/framed HTTP/1.1\r\nHost: s\r\nX-Api-Key: app\r\n${headers}\r\n${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|413) /);
    expect((await get('/ts/framed/length')).body).toBe('{"length":0}');
  });

  test('a length that is too long, and then nobody: nothing is written', async () => {
    await raw('POST /ts/framed HTTP/1.1\r\nHost: s\r\nX-Api-Key: app\r\nContent-Length: 99\r\n\r\n{"value":1}', 'end');
    expect((await get('/ts/framed/length')).body).toBe('{"length":0}');
  });

  test('many that are too large at once leave no memory behind', async () => {
    const body = Buffer.alloc(1024 * 1024 + 1, 0x5b);
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => endless('/ts/blob/big')));
      expect(answers.every((answer) => answer.startsWith('HTTP/1.1 413'))).toBe(true);
    }
    expect((await post('/ts/blob/big', body)).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  test('__proto__ changes nobody: as a member, a tag, deep inside', async () => {
    for (const body of ['{"__proto__":{"polluted":1}}', '{"a":{"constructor":{"prototype":{"polluted":1}}}}']) {
      expect((await post('/ts/blob/proto/at/1', body)).status).toBe(201);
      expect((await get('/ts/blob/proto/latest')).body).toBe(`[{"timestamp":1,"data":${body}}]`);
    }
    expect((await post('/ts/proto/batch', '[{"__proto__":{"timestamp":1},"data":{"value":1}}]')).status).toBe(400);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('S07 time values', () => {
  const farthest = Number.MAX_SAFE_INTEGER;
  test.each([
    '1.5',
    '1e3',
    '0x10',
    '+1',
    '--1',
    'now',
    'NaN',
    'Infinity',
    '1_000',
    '%20',
    `${farthest + 1}`,
    `-${farthest + 1}`,
    '9'.repeat(300),
  ])('the time %s is 400 wherever it stands', async (time) => {
    const answers = await Promise.all([
      post(`/ts/t/at/${time}`, '{"value":1}'),
      post(`/ts/blob/t/at/${time}`, '{}'),
      ...[`since/${time}`, `range/${time}/5`, `range/5/${time}`, `since/0/every/${time}/sum`].map((rest) =>
        get(`/ts/t/${rest}`),
      ),
      it.ask({ method: 'DELETE', path: `/ts/t/since/${time}` }),
    ]);
    for (const answer of answers) expect([answer.status, codeOf(answer)]).toEqual([400, 'value.invalid']);
  });

  test('negative, zero, minus zero and the farthest are times, and are in order', async () => {
    const times = [-farthest, -5, 0, 5, 253_402_300_800_000, farthest];
    for (const time of [...times].reverse())
      expect((await post(`/ts/times/at/${time}`, '{"value":1}')).status).toBe(201);
    const { body } = await get(`/ts/times/range/${-farthest}/${farthest}`);
    expect((JSON.parse(body) as { timestamp: number }[]).map(({ timestamp }) => timestamp)).toEqual(
      [...times].reverse(),
    );
    expect((await get('/ts/times/range/-0/-0')).body).toBe('[{"timestamp":0,"data":{"value":1}}]');
  });

  test('the same time again is another entry, the later one newer', async () => {
    for (const value of [1, 2, 3]) await post('/ts/twice/at/7', `{"value":${value}}`);
    expect((await get('/ts/twice/latest')).body).toBe('[{"timestamp":7,"data":{"value":3}}]');
    expect((await get('/ts/twice/earliest')).body).toBe('[{"timestamp":7,"data":{"value":1}}]');
    expect((await get('/ts/twice/length')).body).toBe('{"length":3}');
  });

  test('a range whose end is before its start is empty, to read and to delete', async () => {
    expect((await get('/ts/twice/range/8/6')).body).toBe('[]');
    expect((await get('/ts/twice/range/8/6/count')).body).toBe('{"result":0}');
    expect((await it.ask({ method: 'DELETE', path: '/ts/twice/range/8/6' })).status).toBe(204);
    expect((await get('/ts/twice/length')).body).toBe('{"length":3}');
  });

  test.each([
    ['last/0', 200],
    ['first/0', 200],
    ['last/1000000', 200],
    ['last/1000001', 400],
    ['last/1000000000', 400],
    ['first/1000000000', 400],
    ['last/-1', 400],
    ['last/0.5', 400],
  ])('%s is %i', async (rest, status) => {
    const answer = await get(`/ts/twice/${rest}`);
    expect(answer.status).toBe(status);
    if (rest.endsWith('/0')) expect(answer.body).toBe('[]');
  });

  test('no answer walks what it need not: buckets of 1 ms over all of time are those that have entries', async () => {
    const began = performance.now();
    const { body } = await get(`/ts/times/since/${-farthest}/every/1/count`);
    expect((JSON.parse(body) as unknown[]).length).toBe(6);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

/** Sends a chunked body that does not end, until an answer comes. */
async function endless(path: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: it.port, ca: it.agent.options.ca });
  await once(socket, 'secureConnect');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: s\r\nX-Api-Key: app\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `${(65_536).toString(16)}\r\n${'a'.repeat(65_536)}\r\n`;
  const timer = setInterval(() => socket.writable && !socket.writableNeedDrain && socket.write(chunk), 1);
  let said = '';
  socket.on('data', (data: Buffer) => (said += data.toString())).on('error', () => {});
  await once(socket, 'close');
  clearInterval(timer);
  return said;
}

/** Says something, and hears until the connection ends. */
async function raw(bytes: string, then?: 'end'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: it.port, ca: it.agent.options.ca });
  await once(socket, 'secureConnect');
  let said = '';
  socket.on('data', (data: Buffer) => {
    said += data.toString();
    socket.end();
  });
  socket.on('error', () => {});
  socket.write(bytes, () => then === 'end' && socket.end());
  await once(socket, 'close');
  return said;
}
