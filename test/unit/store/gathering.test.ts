/** How long a store's next transaction waits for those who were just answered: by a clock of the test's own. */
import { createGathering, type Gathering } from '../../../src/store/sqlite/gathering.ts';

/** As after two commits of a disk that is as slow: the second is answered at 100. */
function after({ syncMs = 8, changes = 4, others = 0 } = {}): Gathering {
  const gathering = createGathering();
  gathering.committed(changes, syncMs);
  gathering.committed(changes, syncMs);
  gathering.answered(others, 100);
  return gathering;
}

test('a store waits until those who were answered, and who came meanwhile, are there', () => {
  const gathering = after({ changes: 4, others: 3 });
  expect(gathering.waitMs(3, 100)).toBe(2);
  expect(gathering.waitMs(6, 101)).toBe(2);
  expect(gathering.waitMs(7, 101)).toBe(0);
});

test('a client who writes alone is never kept, however soon it comes back', () => {
  const gathering = after({ changes: 1 });
  for (const now of [100, 100.1, 103, 5_000]) expect(gathering.waitMs(1, now)).toBe(0);
});

test('nothing waits where nothing is to be written', () => {
  expect(after({ others: 1 }).waitMs(0, 100)).toBe(0);
});

test('it waits for a quarter of a commit after whoever came last, for one commit in all, and not when all that is long ago', () => {
  const gathering = after({ syncMs: 20 });
  expect(gathering.waitMs(1, 100)).toBe(5);
  expect(gathering.waitMs(2, 104)).toBe(5);
  expect(gathering.waitMs(3, 117)).toBe(3);
  expect(gathering.waitMs(3, 120)).toBe(0);
  expect(after({ syncMs: 20 }).waitMs(1, 1_100)).toBe(0);
});

test.each([
  { what: 'quick', syncMs: 0.3, before: 0.3, slow: false },
  { what: 'slow once', syncMs: 30, before: 0.3, slow: false },
  { what: 'slow', syncMs: 5, before: 5, slow: true },
  { what: 'slow, and once very slow', syncMs: 40, before: 5, slow: true },
])('a disk that is $what: slow is $slow', ({ syncMs, before, slow }) => {
  const gathering = createGathering();
  gathering.committed(1, before);
  expect(gathering.committed(1, syncMs)).toBe(slow);
  gathering.answered(1, 0);
  // The shorter of the two is what another commit is expected to take.
  if (slow) expect(gathering.waitMs(1, 0)).toBe(5 / 4);
});

test('who does not come back is waited for less and less often, and again as before once all come', () => {
  const gathering = after({ changes: 2 });
  const waits = (came: number): boolean => {
    const waited = gathering.waitMs(1, 100) > 0;
    gathering.committed(came, 8);
    gathering.answered(2 - came, 100);
    return waited;
  };
  const seen = Array.from({ length: 300 }, () => waits(1));
  const times = seen.flatMap((waited, at) => (waited ? [at] : []));
  expect(times).toEqual([0, 2, 6, 14, 30, 62, 126, 190, 254]);
  while (!waits(2));
  expect([waits(2), waits(2), waits(2)]).toEqual([true, true, true]);
});

const [syncMs, returnMs, apartMs] = [5, 0.5, 0.01];

/** Clients who each come back a while after their answer, in two groups at first. @returns changes committed in a second */
function rateOf(clients: number, gathering: Gathering): number {
  let [now, changes] = [0, 0];
  let coming = Array.from({ length: clients }, (_, at) => (at % 2 ? 0 : syncMs / 2));
  const there = () => coming.filter((at) => at <= now).length;
  while (now < 1_000) {
    for (let goesOn = true; goesOn;) {
      const next = Math.min(...coming.filter((at) => at > now));
      const until = there() === 0 ? next : now + gathering.waitMs(there(), now);
      goesOn = next <= until;
      now = Math.min(next, until);
    }
    const committed = there();
    coming = coming.filter((at) => at > now);
    now += syncMs;
    gathering.committed(committed, syncMs);
    gathering.answered(there(), now);
    for (let at = 0; at < committed; at++) coming.push(now + returnMs + at * apartMs);
    changes += committed;
  }
  return changes;
}

test.each([2, 4, 16, 64])('%i clients on a slow disk become one group, where else they would stay two', (clients) => {
  const asOne = (1_000 * clients) / (syncMs + returnMs + clients * apartMs);
  expect(rateOf(clients, createGathering()) / asOne).toBeGreaterThan(0.95);
  expect(rateOf(clients, { ...createGathering(), waitMs: () => 0 }) / asOne).toBeLessThan(0.65);
});
