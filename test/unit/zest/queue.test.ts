import fc from 'fast-check';
import { createQueue } from '../../../src/zest/queue.ts';

const most = { ofClient: 2, requests: 5, bytes: 100 };
const one = (name: string, bytes = 1) => ({ name, bytes });

test('one of each client is under way, the others follow in their order', () => {
  const queue = createQueue<ReturnType<typeof one>>(most);
  expect([queue.add('a', one('a1')), queue.add('a', one('a2')), queue.add('b', one('b1'))]).toEqual([
    'first',
    'behind',
    'first',
  ]);
  expect([queue.first('a')?.name, queue.first('b')?.name]).toEqual(['a1', 'b1']);
  expect([queue.next('a')?.name, queue.next('b'), queue.next('a'), queue.next('a')]).toEqual([
    'a2',
    undefined,
    undefined,
    undefined,
  ]);
  expect(queue.add('a', one('a3'))).toBe('first');
});

test('what is beyond a bound is refused, and taken again when there is room', () => {
  const queue = createQueue<ReturnType<typeof one>>(most);
  const add = (client: string, bytes?: number) => queue.add(client, one(client, bytes));
  expect([add('a'), add('a'), add('a')]).toEqual(['first', 'behind', undefined]);
  expect([add('b', 98), add('b', 99)]).toEqual(['first', undefined]);
  queue.next('b');
  expect([add('b'), add('b'), add('c'), add('d')]).toEqual(['first', 'behind', 'first', undefined]);
  queue.next('a');
  expect(add('d')).toBe('first');
});

test('after any adding and answering nothing is held that was answered', () => {
  const clients = fc.constantFrom('a', 'b', 'c');
  const step = fc.record({ client: clients, adds: fc.boolean(), bytes: fc.integer({ min: 0, max: 60 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = createQueue<ReturnType<typeof one>>(most);
      const held = new Map<string, ReturnType<typeof one>[]>();
      for (const [at, { client, adds, bytes }] of steps.entries()) {
        const own = held.get(client) ?? [];
        const all = [...held.values()].flat();
        if (adds) {
          const fits =
            own.length < most.ofClient &&
            all.length < most.requests &&
            all.reduce((sum, item) => sum + item.bytes, bytes) <= most.bytes;
          const item = one(`${at}`, bytes);
          expect(queue.add(client, item)).toBe(fits ? (own.length === 0 ? 'first' : 'behind') : undefined);
          if (fits) held.set(client, [...own, item]);
        } else {
          held.set(client, own.slice(1));
          expect(queue.next(client)).toBe(own[1]);
        }
        expect(queue.first(client)).toBe(held.get(client)?.[0]);
      }
    }),
  );
});
