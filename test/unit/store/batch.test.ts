import fc from 'fast-check';
import { openDatabase } from '../../../src/base/sqlite.ts';
import { wholeBatch } from '../../../src/store/entries.ts';
import { batchOf } from '../../../src/store/several.ts';
import { migrations } from '../../../src/store/sql/schema.ts';
import { writer } from '../../../src/store/sql/write.ts';
import { startStore } from './harness.ts';

const it = await startStore();
afterAll(() => it[Symbol.asyncDispose]());
const post = (path: string, body: string) => it.ask({ method: 'POST', path, body });

/** Bodies as single writes have them: good, odd, bad. */
const numbers = fc.oneof(
  fc.double({ noNaN: true }).map(String),
  fc.constantFrom('-0', '0', '-0.0', '1.50', '1e3', '1E-7', '1e999', '-1e999', '01', '1.', '+1', 'NaN', 'null', '"1"'),
  fc.constantFrom('12345678901234567890', '9007199254740993', '0.1234567890123456789', '1e21', '1e-7', '0.000001'),
);
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 5 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u0061"', '"\\ud800"', '"a', '1', 'null', '"\n"', '"a\\"b"', '"\\/"', '"__proto__"', '"value"'),
);
const data = fc.oneof(
  numbers.map((number) => `{"value":${number}}`),
  fc.tuple(numbers, texts, texts).map(([number, name, text]) => `{"value":${number},${name}:${text}}`),
  fc.tuple(numbers, texts, texts).map(([number, name, text]) => `{ ${name} : ${text} ,\t"value" :\r\n${number} }`),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.constantFrom('[]', '{}', '{"value":1,"value":2}', '{"value":1,"a":"b","c":"d"}', '['.repeat(65) + ']'.repeat(65)),
  fc.constantFrom('['.repeat(64) + ']'.repeat(64), '{"a":[{"b":1,"b":2}]}', '', 'x', '{"value":1', '{"value":1}}'),
);
const times = fc.constantFrom(
  '1',
  '-5',
  '0',
  '9007199254740991',
  '1767225600000',
  '9007199254740992',
  '1.5',
  'x',
  '"1"',
);
const layouts = fc.constantFrom<((time: string, data: string) => string)[]>(
  (time, body) => `{"timestamp":${time},"data":${body}}`,
  (time, body) => `{ "data" : ${body},\n "timestamp" : ${time} } `,
  (time, body) => ` {"timestamp": ${time}, "data": ${body}}`,
  (time, body) => `{"timest\\u0061mp":${time},"d\\u0061ta":${body}}`,
);
const point = fc.record({ time: times, body: data, layout: layouts });

test('a batch is accepted exactly where each of its points would be, and is kept as the single writes', async () => {
  let round = 0;
  const seen = { accepted: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/ts', '/ts/blob'),
      fc.array(point, { minLength: 1, maxLength: 3 }),
      async (root, points) => {
        round++;
        const [one, many] = [`${root}/one${round}`, `${root}/many${round}`];
        const singles = [];
        for (const { time, body } of points) {
          // What follows a body is ignored; there is no such thing inside an array.
          const isWhole = body !== '{"value":1}}';
          singles.push(isWhole ? (await post(`${one}/at/${encodeURIComponent(time)}`, body)).status : 400);
        }
        const batch = `[${points.map(({ time, body, layout }) => layout(time, body)).join(',')}]`;
        const { status, body } = await post(`${many}/batch`, batch);
        const good = singles.every((single) => single === 201);
        seen[good ? 'accepted' : 'refused']++;
        expect({ batch, status, body }).toMatchObject({ batch, status: good ? 201 : 400 });
        const kept = (await it.ask({ path: `${many}/since/-9007199254740991` })).body;
        expect(kept).toBe(good ? (await it.ask({ path: `${one}/since/-9007199254740991` })).body : '[]');
      },
    ),
    { numRuns: 400 },
  );
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(20);
}, 60_000);

test('every row is the row of a single write, whatever number it holds', () => {
  const bits = new DataView(new ArrayBuffer(8));
  const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((word) => {
    bits.setBigUint64(0, word);
    return bits.getFloat64(0);
  });
  const finite = fc.oneof(number, fc.double()).filter((value) => Number.isFinite(value));
  fc.assert(
    fc.property(fc.array(fc.record({ value: finite, timestamp: fc.integer() }), { maxLength: 200 }), (list) => {
      const body = Buffer.from(JSON.stringify(list.map(({ timestamp, value }) => ({ timestamp, data: { value } }))));
      const entries = wholeBatch({ kind: 'ts', body });
      const points = batchOf({ kind: 'ts', body });
      const rows = (write: (to: ReturnType<typeof writer>) => void): unknown[] => {
        const db = openDatabase(':memory:', migrations);
        write(writer(db));
        const found = db.prepare('SELECT timestamp, seq, value, tag, spelling FROM entry ORDER BY seq').all();
        db.close();
        return found;
      };
      const together = rows((to) => to.applyAll({ ...points, series: 'a', now: 0 }));
      const alone = rows((to) => {
        for (const { timestamp, point } of entries) {
          if (point) to.apply({ do: 'point', series: 'a', timestamp: timestamp ?? 0, point });
        }
      });
      expect(together).toEqual(alone);
      expect(together.map((row) => (row as { value: number }).value)).toEqual(list.map(({ value }) => value + 0));
    }),
    { numRuns: 100 },
  );
});

describe('refusals name the point', () => {
  const good = '{"timestamp":1,"data":{"value":1}}';
  test.each([
    ['not an array', '{"timestamp":1,"data":{"value":1}}', undefined, 'body.invalid'],
    ['nothing', '', undefined, 'body.invalid'],
    ['an array that ends early', `[${good}`, undefined, 'body.invalid'],
    ['something after the array', `[${good}] x`, undefined, 'body.invalid'],
    ['a last comma', `[${good},]`, '/1', 'body.invalid'],
    ['a number in place of an entry', `[${good},5]`, '/1', 'body.invalid'],
    ['no data', `[${good},{"timestamp":1}]`, '/1', 'value.invalid'],
    ['a further member', `[${good},{"data":{"value":1},"at":5}]`, '/1', 'value.invalid'],
    ['a time that is a text', `[${good},{"timestamp":"1","data":{"value":1}}]`, '/1/timestamp', 'value.invalid'],
    ['a time beyond 2^53', `[{"timestamp":9007199254740992,"data":{"value":1}}]`, '/0/timestamp', 'value.invalid'],
    ['a tag that is a number', `[${good},${good},{"data":{"value":1,"a":2}}]`, '/2/data', 'value.invalid'],
    ['a member twice', `[{"data":{"value":1,"value":1}}]`, '/0', 'body.invalid'],
    ['a timestamp twice', `[{"timestamp":1,"timestamp":1,"data":{"value":1}}]`, '/0', 'body.invalid'],
    ['1e999', `[${good},{"data":{"value":1e999}}]`, '/1', 'body.invalid'],
  ])('%s', async (_claim, body, pointer, code) => {
    const answer = await post('/ts/refused/batch', body);
    expect({ status: answer.status, ...JSON.parse(answer.body) }).toMatchObject({ status: 400, code });
    expect((JSON.parse(answer.body) as { pointer?: string }).pointer).toBe(pointer);
    expect((await it.ask({ path: '/ts/refused/length' })).body).toBe('{"length":0}');
  });

  test('too many are refused with the limit, 10,000 are taken', async () => {
    const batch = (count: number) => `[${Array(count).fill('{"data":{"value":1}}').join(',')}]`;
    const refused = await post('/ts/count/batch', batch(10_001));
    expect([refused.status, JSON.parse(refused.body)]).toMatchObject([
      413,
      { code: 'body.too-large', mostPoints: 10_000 },
    ]);
    expect((await post('/ts/count/batch', batch(10_000))).body).toBe('{"written":10000}');
    expect((await it.ask({ path: '/ts/count/length' })).body).toBe('{"length":10000}');
  });

  test('no points are none', async () => {
    expect(await post('/ts/none/batch', ' [ ] ')).toMatchObject({ status: 201, body: '{"written":0}' });
  });

  test('bytes that are no UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('[{"data":{"value":1,"a":"'), Buffer.from([0xff]), Buffer.from('"}}]')]);
    const answer = await it.ask({ method: 'POST', path: '/ts/refused/batch', body });
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([400, { code: 'body.invalid' }]);
  });
});

test('what is read can be written back', async () => {
  await post('/ts/from/batch', '[{"timestamp":2,"data":{"value":1.50,"a":"b"}},{"timestamp":2,"data":{"value":-0}}]');
  const read = await it.ask({ path: '/ts/from/first/10' });
  expect((await post('/ts/to/batch', read.body)).status).toBe(201);
  expect((await it.ask({ path: '/ts/to/first/10' })).body).toBe(read.body);
});

test.each([
  ['the grant of writes below the datasource', 'app POST /ts/a/*', 201],
  ['a token for the batch alone', 'app POST /ts/a/batch', 201],
  ['a token for writes now', 'app POST /ts/a', 403],
  ['a token for writes at a time', 'app POST /ts/a/at/*', 403],
  ['another series', 'app POST /ts/ab/*', 403],
])('%s', async (_claim, token, status) => {
  const answer = await it.ask({ method: 'POST', path: '/ts/a/batch', body: '[{"data":{"value":1}}]', token });
  expect(answer.status).toBe(status);
});

test('a batch that does not fit is not there at all, and others that came with it are', async () => {
  await using small = await startStore({ storeLimitBytes: 256 * 1024 });
  const long = 'x'.repeat(500);
  const batch = `[${Array(1_000).fill(`{"data":["${long}"]}`).join(',')}]`;
  const [refused, taken] = await Promise.all([
    small.ask({ method: 'POST', path: '/ts/blob/a/batch', body: batch }),
    small.ask({ method: 'POST', path: '/ts/a', body: '{"value":1}' }),
  ]);
  expect([refused.status, taken.status]).toEqual([507, 201]);
  expect((await small.ask({ path: '/ts/blob/a/length' })).body).toBe('{"length":0}');
});
