import { excessOf, excessSentences } from '../../../src/manager/excess.ts';

const now = Date.UTC(2026, 10, 27, 12);
const line = { component: 'app-x', service: 'arbiter', what: 'requests' as const, count: 3, at: now - 60_000 };

test('excess: the owner is told in a sentence while it is news', () => {
  expect(excessSentences([line, { ...line, service: 'b', at: now - 3_600_000 }], now)).toEqual([
    'app-x goes beyond its limit: arbiter refused it 3 requests, the last at 2026-11-27T11:59:00.000Z.',
  ]);
});

test('excess: who is gone is not listed', () => {
  expect(excessOf([line, { ...line, component: 'app-gone' }], new Set(['app-x', 'arbiter']))).toEqual([line]);
});
