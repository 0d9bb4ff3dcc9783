import { Failure } from '../../../src/base/errors.ts';
import { createExcessBook, createPace } from '../../../src/base/excess.ts';
import { createLog, silent } from '../../../src/base/log.ts';

const nameOf = (who: string) => (who === '10.196.1.2' ? 'app-x' : undefined);
const bookOf = () => createExcessBook({ log: silent, nameOf });

/** What a call is refused with. */
function refusal(run: () => void): Failure | undefined {
  try {
    run();
    return undefined;
  } catch (err) {
    if (err instanceof Failure) return err;
    throw err;
  }
}

test('excess: twice a second’s requests pass at once, the next is refused and counted, for each component apart', () => {
  const book = bookOf();
  const pace = createPace({ perSecond: 10, book, now: () => 0 });
  const outcomes = Array.from({ length: 25 }, () => refusal(() => pace('app-x', 'arbiter')));
  expect(outcomes.slice(0, 20)).toEqual(Array(20).fill(undefined));
  expect(outcomes[24]).toMatchObject({ code: 'rate.exceeded', details: { retryAfterSeconds: 1 } });
  pace('app-y', 'arbiter');
  expect(book.list()).toMatchObject([
    { component: 'app-x', service: 'arbiter', what: 'requests', count: 5, at: expect.any(Number) as number },
  ]);
});

test('excess: one pace holds for all services together, and each refusal is where it was', () => {
  const book = bookOf();
  const pace = createPace({ perSecond: 10, book, now: () => 0 });
  for (let n = 0; n < 20; n++) pace('app-x', n % 2 ? 'a' : 'b');
  for (const service of ['a', 'b', 'b']) expect(refusal(() => pace('app-x', service))).toBeDefined();
  expect(book.list().map(({ service, count }) => [service, count])).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});

test('excess: an address is told as the component that has it', () => {
  const book = bookOf();
  book.note('10.196.1.2', 'arbiter', 'connections');
  book.note('app-x', 'arbiter', 'connections');
  book.note('10.196.9.9', 'arbiter', 'connections');
  expect(book.list().map(({ component, count }) => [component, count])).toEqual([
    ['10.196.9.9', 1],
    ['app-x', 2],
  ]);
});

test('excess: without a limit there is none', () => {
  const pace = createPace(undefined);
  expect(refusal(() => Array.from({ length: 10_000 }, () => pace('app-x', 'arbiter')))).toBeUndefined();
});

test('excess: the book is bounded, and its log too', () => {
  const lines: string[] = [];
  const log = createLog('info');
  log.warn = (facts: object) => void lines.push(JSON.stringify(facts));
  const book = createExcessBook({ log, nameOf });
  for (let n = 0; n < 3; n++) book.note('app-x', 'arbiter', 'requests');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ component: 'app-x', count: 1 }]);
  for (let n = 0; n < 2_000; n++) book.note(`app-${n}`, 'arbiter', 'requests');
  expect(book.list()).toHaveLength(1_000);
  expect(book.list()[0]).toMatchObject({ component: 'app-1999' });
});
