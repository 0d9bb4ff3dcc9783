/** One store, two doors: what is written at one is read and told at the other, and a call is answered across. */
import { store } from '../store/harness.ts';
import { observe as observeRest } from '../store/observe.ts';
import { componentOfStore } from '../../../src/base/names.ts';
import { cases, type Format, type Mode, type Sent, type Watch } from './cases.doors.ts';
import { openStoreDoor } from './house.ts';
import { connect, listen, observe, type Reply } from './raw.ts';

type It = Awaited<ReturnType<typeof openStoreDoor>>;
const doors = ['zest', 'rest'] as const;
type Door = (typeof doors)[number];

const owner = componentOfStore(store);
const numbers = { text: 0, binary: 42, json: 50 };
const types = { text: 'text/plain', binary: 'application/octet-stream', json: 'application/json' };
/** Of an HTTP status that both doors know. */
const codes: Record<number, number> = { 200: 69, 201: 65, 204: 66, 400: 128, 404: 128, 405: 134, 503: 163 };

/** @returns the code of Zest, whichever door it was, and the answer */
async function ask(it: It, door: Door, [request, body = '', format = 'json']: Sent) {
  if (door === 'zest') {
    using client = connect(it);
    const { code, bytes, options } = await client.ask(request, { body: Buffer.from(body), format: numbers[format] });
    return { code, bytes: bytes.subarray(bytes.length - payloadLength({ bytes, options })) };
  }
  const [method = '', path = ''] = request.split(' ');
  const headers = method === 'POST' ? { 'content-type': types[format] } : { accept: types[format] };
  const answer = await it.rest.ask({ method, path, headers, ...(method === 'POST' && { body }) });
  return { code: codes[answer.status], bytes: answer.status < 300 ? answer.bytes : Buffer.alloc(0) };
}

const payloadLength = ({ bytes, options }: Pick<Reply, 'bytes' | 'options'>): number =>
  bytes.length - 4 - [...options.values()].reduce((sum, value) => sum + 4 + value.length, 0);

const written: [what: string, write: Sent, read: Sent, expected: string | RegExp][] = [
  ['JSON', ['POST /kv/a/k', '{"b":1.50}'], ['GET /kv/a/k'], '{"b":1.50}'],
  ['a text', ['POST /kv/a/k', 'grüß  dich\n', 'text'], ['GET /kv/a/k', '', 'text'], 'grüß  dich\n'],
  ['an empty text', ['POST /kv/a/k', '', 'text'], ['GET /kv/a/keys', '', 'text'], '["k"]'],
  ['bytes', ['POST /kv/a/k', '\u0000\u0001', 'binary'], ['GET /kv/a/k', '', 'binary'], '\u0000\u0001'],
  ['a point', ['POST /ts/a', '{"value":1.50,"room":"hall"}'], ['GET /ts/a/latest'], /^\[\{"timestamp":\d{13},"data":\{"value":1\.50,"room":"hall"\}\}\]$/], // prettier-ignore
  ['a point of its own time', ['POST /ts/a/at/-5', '{"value":2}'], ['GET /ts/a/since/-5'], '[{"timestamp":-5,"data":{"value":2}}]'], // prettier-ignore
  ['a sum', ['POST /ts/a/at/1', '{"value":2}'], ['GET /ts/a/last/5/sum'], '{"result":2}'],
  ['a document', ['POST /ts/blob/a/at/1', '[{"c":"d e"}]'], ['GET /ts/blob/a/first/1'], '[{"timestamp":1,"data":[{"c":"d e"}]}]'], // prettier-ignore
  ['a datasource', ['POST /cat', '{"href":"h","item-metadata":[{"rel":"hasDescription","val":7},{"rel":"isContentType","val":true}]}'], ['GET /cat'], /"items":\[\{"item-metadata":\[\{"rel":"hasDescription","val":7\},.*"href":"h"\}\]\}$/], // prettier-ignore
];

describe.each(doors)('written over %s', (door) => {
  const other = door === 'zest' ? 'rest' : 'zest';
  test.each(written)('%s is read over the other', async (_what, write, read, expected) => {
    await using it = await openStoreDoor();
    expect((await ask(it, door, write)).code).toBe(65);
    const [here, there] = [await ask(it, door, read), await ask(it, other, read)];
    expect(there).toEqual(here);
    const text = there.bytes.toString();
    expect([there.code, text]).toEqual([69, typeof expected === 'string' ? expected : expect.stringMatching(expected)]);
  });

  test('what is deleted is gone at the other', async () => {
    await using it = await openStoreDoor();
    for (const write of [
      ['POST /kv/a/k', '{"b":1}'],
      ['POST /ts/a/at/1', '{"value":1}'],
    ] as Sent[])
      await ask(it, other, write);
    expect([(await ask(it, door, ['DELETE /kv/a/k'])).code, (await ask(it, door, ['DELETE /ts/a/since/0'])).code]).toEqual([66, 66]); // prettier-ignore
    expect((await ask(it, other, ['GET /kv/a/k'])).bytes.toString()).toBe('{}');
    expect((await ask(it, other, ['GET /ts/a/length'])).bytes.toString()).toBe('{"length":0}');
  });
});

/** What an observer heard, in the words of cases.doors.ts. */
type Heard = AsyncDisposable & { first: (count: number) => Promise<string[]> };

async function watchZest(it: It, { path, mode = 'data', format = 'json' }: Watch): Promise<Heard> {
  const token = mode === 'audit' ? owner : 'app';
  const observer = await observe(it, path, { observe: mode, format: numbers[format], token });
  return {
    async first(count) {
      const lines: string[] = [];
      while (lines.length < count) lines.push((await observer.next()).payload);
      // The time, and at an audit the store's name, are in front of what both doors say.
      return lines.map((line) =>
        line
          .split(' ')
          .slice(mode === 'audit' ? 2 : 1)
          .join(' '),
      );
    },
    [Symbol.asyncDispose]: () => Promise.resolve(observer[Symbol.dispose]()),
  };
}

async function watchRest(it: It, { path, mode = 'data', format = 'json' }: Watch): Promise<Heard> {
  const token = mode === 'audit' ? owner : 'app';
  const seen = await observeRest(it.rest, `${path}?observe=${mode}&format=${format}`, { token });
  return {
    async first(count) {
      await seen.count(count);
      return seen.events().slice(0, count).map((event) => wordsOf(mode, event)); // prettier-ignore
    },
    [Symbol.asyncDispose]: () => Promise.resolve(void seen.req.destroy()),
  };
}

type Said = { path: string; format: Format; data: unknown; component: string; response: string; method: string };
function wordsOf(mode: Mode, event: Record<string, unknown>): string {
  const { path, format, data, component, response, method } = event as Said;
  if (mode === 'audit') return [component, method, path, codes[Number(event['status'])]].join(' ');
  const body = { json: () => JSON.stringify(data), text: () => String(data), binary: () => Buffer.from(String(data), 'base64').toString() }; // prettier-ignore
  const words = mode === 'data' ? [path] : [component, response];
  return [...words, format, body[format]()].join(' ');
}

const observed = Object.values(cases).flat();
describe.each(doors)('asked over %s, observers at both doors are told', (door) => {
  test.each(observed)('%s', async (_claim, watch, sent, told) => {
    await using it = await openStoreDoor();
    await using zest = await watchZest(it, watch);
    await using rest = await watchRest(it, watch);
    for (const one of sent) await ask(it, door, one);
    // Who watches requests sees the next one begin to watch.
    const begun = watch.mode === 'audit' ? [`${owner} GET(OBSERVE) ${watch.path} 69`] : [];
    expect(await zest.first(begun.length + told.length)).toEqual([...begun, ...told]);
    expect(await rest.first(told.length)).toEqual(told);
  });
});

test('so many observations are told at both doors', () => expect(observed.length).toBeGreaterThanOrEqual(20));

const [request, response] = ['/notification/request/double/1', '/notification/response/double/1'];

/** A provider of `double` at a door: answers its first call. */
async function provide(it: It, door: Door): Promise<() => Promise<void>> {
  const watch: Watch = { path: '/notification/request/*', mode: 'notification' };
  const heard = door === 'zest' ? await watchZest(it, watch) : await watchRest(it, watch);
  return async () => {
    const [said = ''] = await heard.first(1);
    await heard[Symbol.asyncDispose]();
    const [, answerTo = '', , body = ''] = said.split(' ');
    const { n } = JSON.parse(body) as { n: number };
    const answer = `{"Status":0,"Response":${2 * n}}`;
    expect((await ask(it, door, [`POST ${answerTo}`, answer])).code).toBe(65);
  };
}

/** A caller at a door. @returns the answer, once there is one */
async function call(it: It, door: Door, meanwhile: () => Promise<void>): Promise<string> {
  if (door === 'rest') {
    expect((await ask(it, door, [`POST ${request}`, '{"n":21}'])).code).toBe(65);
    const answer = it.rest.ask({ path: `${response}?wait=60` });
    await meanwhile();
    return (await answer).body;
  }
  using client = connect(it);
  const { code, options } = await client.ask(`GET ${response}`);
  using waiting = listen(it, { identity: response, key: options.get(2048)?.toString() ?? '' });
  expect([code, (await client.ask(`POST ${request}`, { body: '{"n":21}' })).code]).toEqual([65, 65]);
  await meanwhile();
  return (await waiting.next()).payload.split(' ').slice(3).join(' ');
}

test.each([
  ['zest', 'rest'],
  ['rest', 'zest'],
  ['zest', 'zest'],
  ['rest', 'rest'],
] as const)('a function that is provided over %s is called over %s', async (provider, caller) => {
  await using it = await openStoreDoor();
  const answer = await provide(it, provider);
  expect(await call(it, caller, answer)).toBe('{"Status":0,"Response":42}');
});
