import { deadline } from '../../../src/base/deadline.ts';

const hour = 3_600_000;
/** Two clocks that go on by hand. */
function clocks() {
  const now = { wall: Date.now(), steady: 1_000 };
  return { now, wall: () => now.wall, steady: () => now.steady };
}

test.each([
  ['is over when its time has come', hour + 1, 0, true],
  ['is not over before', hour - 1, 0, false],
  ['is over at once when the clock is set forward', 1, 10 * 8_766 * hour, true],
  ['is not postponed by a clock that is set back: O03', hour + 1, -10 * 8_766 * hour, true],
  ['is not brought forward by a clock that is set back', hour - 1, -24 * hour, false],
])('a deadline %s', (_claim, passed, set, expected) => {
  const { now, ...both } = clocks();
  const life = deadline(now.wall + hour, () => undefined, both);
  now.steady += passed;
  now.wall += passed + set;
  expect(life.isOver()).toBe(expected);
  life.cancel();
});

test('it acts once; one that was taken back does not, nor does one without an end', async () => {
  const done: string[] = [];
  const soon = Date.now() + 20;
  deadline(soon, () => done.push('over'));
  deadline(soon, () => done.push('taken back')).cancel();
  const endless = deadline(Infinity, () => done.push('never'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(done).toEqual(['over']);
  expect(endless.isOver()).toBe(false);
});
