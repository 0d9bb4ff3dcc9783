import { afterExit } from '../../../src/manager/backoff.ts';
import { leftovers, plan, type Found } from '../../../src/manager/plan.ts';

const found = (more: Partial<Found> = {}): Found => ({
  ...{ id: '1', name: 'app-x', component: 'app-x', fingerprint: 'f', isRunning: true },
  ...more,
});
const wanted = { name: 'app-x', fingerprint: 'f' };

test.each([
  ['nothing is there', [], [{ do: 'create' }]],
  ['it runs as it would be created', [found()], [{ do: 'adopt', id: '1' }]],
  ['it ended', [found({ isRunning: false })], [{ do: 'start', id: '1' }]],
  ['it was created otherwise', [found({ fingerprint: 'g' })], [{ do: 'remove', id: '1' }, { do: 'create' }]],
  ['it has another name', [found({ name: 'other' })], [{ do: 'remove', id: '1' }, { do: 'create' }]],
  [
    'it is there twice',
    [found({ isRunning: false }), found({ id: '2' }), found({ id: '3' })],
    [
      { do: 'remove', id: '1' },
      { do: 'remove', id: '3' },
      { do: 'adopt', id: '2' },
    ],
  ],
  ['only another’s is there', [found({ component: 'app-y', name: 'app-y' })], [{ do: 'create' }]],
])('a component when %s', (_, containers, steps) => expect(plan(wanted, containers)).toEqual(steps));

test('containers that no agreement names are left over', () => {
  const [mine, other] = [found(), found({ id: '2', component: 'app-gone', name: 'app-gone' })];
  expect(leftovers(['app-x'], [mine, other])).toEqual([other]);
  expect(leftovers([], [])).toEqual([]);
});

test.each([
  ['the first crash', 0, 10, { restarts: 1, delayMs: 1_000 }],
  ['the third in a row', 2, 10, { restarts: 3, delayMs: 4_000 }],
  ['the eighth in a row', 7, 10, { restarts: 8, delayMs: 60_000 }],
  ['one more than the limit', 8, 10, { restarts: 9, delayMs: undefined }],
  ['a crash after a long run', 8, 60_000, { restarts: 1, delayMs: 1_000 }],
])('back-off: %s', (_, restarts, ranMs, then) => expect(afterExit(restarts, ranMs, 8)).toEqual(then));

test('back-off: with a limit of 0 the first crash is the last', () => {
  expect(afterExit(0, 10, 0)).toEqual({ restarts: 1, delayMs: undefined });
});
