import { createLimiter } from '../../../src/base/rate.ts';

test('rate: a burst passes, then turns come back at the stated pace, for each caller apart', () => {
  let ms = 0;
  const limiter = createLimiter({ burst: 3, perSecond: 2, now: () => ms });
  expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([0, 0, 0]);
  expect(limiter.take('a')).toBe(1);
  expect(limiter.take('b')).toBe(0);
  ms = 500;
  expect([limiter.take('a'), limiter.take('a')]).toEqual([0, 1]);
  ms = 60_000;
  expect([1, 2, 3, 4].map(() => limiter.take('a'))).toEqual([0, 0, 0, 1]);
});

test('rate: says how long to wait when turns come slowly', () => {
  const limiter = createLimiter({ burst: 1, perSecond: 0.1, now: () => 0 });
  expect([limiter.take('a'), limiter.take('a')]).toEqual([0, 10]);
});

test('rate: a clock that jumps back gives no turns', () => {
  let ms = 10_000;
  const limiter = createLimiter({ burst: 1, perSecond: 1, now: () => ms });
  limiter.take('a');
  ms = 0;
  expect(limiter.take('a')).toBe(1);
});

test('rate: forgets callers beyond the bound, the longest silent first', () => {
  const limiter = createLimiter({ burst: 1, perSecond: 0.001, now: () => 0 });
  limiter.take('first');
  for (let i = 0; i < 10_000; i++) limiter.take(`caller ${i}`);
  expect(limiter.take('first')).toBe(0);
  expect(limiter.take('caller 9999')).toBeGreaterThan(0);
});
