/** One component asks too often: it is refused, and told when to come back; others and the owner see why. */
import { createExcessBook } from '../../../src/base/excess.ts';
import { silent } from '../../../src/base/log.ts';
import { startStore, store } from './harness.ts';

const perSecond = 10;
async function start() {
  const book = createExcessBook({ log: silent, nameOf: (who) => (who === '127.0.0.1' ? 'app-here' : undefined) });
  const it = await startStore({ pace: { perSecond, book, now: () => 0 } });
  return { ...it, book, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() };
}
type It = Awaited<ReturnType<typeof start>>;

/** Asks at once, with tokens in turn. Returns the statuses. */
const many = (it: It, count: number, tokens: readonly string[]) =>
  Promise.all(
    Array.from({ length: count }, async (_, n) => {
      return (await it.ask({ path: '/ts/a/latest', token: tokens[n % tokens.length] as string })).status;
    }),
  );

test('requests of one component beyond its pace are refused, whatever its tokens; others go on', async () => {
  await using it = await start();
  const statuses = await many(it, 100, ['app', 'app GET /ts/*', 'app GET /ts/a/*']);
  expect(statuses.filter((status) => status === 200).length).toBe(2 * perSecond);
  expect(statuses.filter((status) => status === 429).length).toBe(100 - 2 * perSecond);
  expect(await many(it, 20, ['other'])).toEqual(Array(20).fill(200));
  expect(it.book.list()).toMatchObject([{ component: 'app', service: store, what: 'requests', count: 80 }]);
});

test('the refusal is a problem, and says when to try again', async () => {
  await using it = await start();
  await many(it, 60, ['app']);
  const res = await it.open({ path: '/ts/a/latest' });
  expect(res.resume().statusCode).toBe(429);
  expect(res.headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '1' });
});

test('who asks with tokens that are refused is held to the pace by its address', async () => {
  await using it = await start();
  const statuses = await many(it, 100, ['forged', 'app POST /ts/b']);
  expect(new Set(statuses)).toEqual(new Set([401, 403, 429]));
  expect(it.book.list()).toMatchObject([{ component: 'app-here', what: 'requests' }]);
});
