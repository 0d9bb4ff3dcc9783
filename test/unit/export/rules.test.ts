import { bounds, verdict, type Outcome } from '../../../src/export/rules.ts';

const now = 1_000_000_000;
const job = { attempts: 1, sends: 0, submitted: now, key: null };
const unreached: Outcome = { kind: 'unreached', reason: 'no connection' };
const unknown: Outcome = { kind: 'unknown', reason: 'no answer' };
const refused: Outcome = { kind: 'refused', reason: 'inward' };
const late = now - bounds.windowMs;
const finished = (status: string, body: string) => ({ do: 'finish', status, body, truncated: false });
const again = (pauseMs: number) => ({ do: 'repeat', due: now + pauseMs });

test.each([
  ['what never left is tried again after a second', job, unreached, again(1_000)],
  ['the pause doubles', { ...job, attempts: 4 }, unreached, again(8_000)],
  ['the pause has a longest', { ...job, attempts: 40 }, unreached, again(600_000)],
  [
    'not for ever, though the clock was set back',
    { ...job, attempts: 64, submitted: now * 9 },
    unreached,
    finished('504 Gateway Timeout', 'no connection'),
  ],
  ['until the window closes', { ...job, submitted: late }, unreached, finished('504 Gateway Timeout', 'no connection')],
  ['what may have left is not sent again', job, unknown, finished('504 Gateway Timeout', 'no answer')],
  ['but with a key it is', { ...job, key: 'k' }, unknown, again(1_000)],
  ['five times at most', { ...job, key: 'k', sends: 4 }, unknown, finished('504 Gateway Timeout', 'no answer')],
  [
    'and within the window',
    { ...job, key: 'k', submitted: late },
    unknown,
    finished('504 Gateway Timeout', 'no answer'),
  ],
  ['what was refused stays refused', { ...job, key: 'k' }, refused, finished('502 Bad Gateway', 'inward')],
])('retry rule: %s', (_, before, outcome, expected) => expect(verdict(before, outcome, { now })).toEqual(expected));

test('retry rule: an answer is final, whatever its status', () => {
  const outcome: Outcome = {
    kind: 'answered',
    status: '503 Busy',
    body: 'later',
    truncated: false,
    address: '127.0.0.1',
  };
  expect(verdict({ ...job, key: 'k' }, outcome, { now })).toEqual(finished('503 Busy', 'later'));
});
