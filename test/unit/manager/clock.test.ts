import { createClock } from '../../../src/manager/clock.ts';
import { shortage } from '../../../src/manager/memory.ts';

const day = 86_400_000;

function at(start: number) {
  const time = { wall: start, steady: 5_000 };
  return { time, clock: createClock({ wall: () => time.wall, steady: () => time.steady }) };
}

test.each([
  ['a day forward', day],
  ['a day back', -day],
  ['ten years forward', 3_652 * day],
  ['ten years back', -3_652 * day],
])('O03 %s is one jump, told for a day of the clock that only moves on', (_claim, by) => {
  const { time, clock } = at(Date.UTC(2026, 0, 1));
  expect(clock.look()).toBeUndefined();
  time.steady += 4_000;
  time.wall += 4_000 + by;
  expect(clock.look()).toEqual({ from: Date.UTC(2026, 0, 1) + 4_000, to: Date.UTC(2026, 0, 1) + 4_000 + by });
  expect(clock.look()).toBeUndefined();
  expect(clock.problems()).toMatchObject([expect.stringContaining(by > 0 ? 'set forward from' : 'set back from')]);
  time.steady += day + 1;
  expect(clock.problems()).toEqual([]);
  expect(clock.jumps).toHaveLength(1);
});

test('a clock that is kept right is no jump; of many jumps the last twenty are remembered', () => {
  const { time, clock } = at(Date.UTC(2026, 0, 1));
  for (let n = 0; n < 100; n++) {
    time.steady += 5_000;
    time.wall += 5_000 + (n % 2 ? 900 : -900);
    expect(clock.look()).toBeUndefined();
  }
  for (let n = 0; n < 50; n++) {
    time.wall += day;
    clock.look();
  }
  expect(clock.jumps).toHaveLength(20);
});

test('O08 what does not fit is said in numbers', () => {
  const small = { limitMb: 256, machineMb: 1_024 };
  expect(shortage({ ...small, components: 0 })).toBeUndefined();
  expect(shortage({ ...small, components: 2 })).toBeUndefined();
  expect(shortage({ ...small, components: 10 })).toMatch(/^10 containers of up to 256 MB .* 2860 MB, .* has 1024 MB/);
  expect(shortage({ components: 1, limitMb: 2_048, machineMb: 1_024 })).toBeDefined();
});
