import { createFlows, type Refusal } from '../../../src/network/refusals.ts';
import { answerTo } from '../../../src/network/resets.ts';

const attempt = (port: number, src = '10.196.1.2') =>
  ({ component: 'app', src, dst: '10.196.1.254', protocol: 'tcp', port }) as const;

test('flows are counted by pair', () => {
  const flows = createFlows(() => {});
  flows.accepted('10.196.1.2', '10.196.1.254');
  flows.accepted('10.196.1.2', '10.196.1.254');
  flows.refused(attempt(22));
  expect(flows.pairs()).toEqual([{ src: '10.196.1.2', dst: '10.196.1.254', accepted: 2, refused: 1 }]);
});

test('equal refusals are one entry, newest first', () => {
  let now = 1_000;
  const flows = createFlows(
    () => {},
    () => now++,
  );
  for (const port of [22, 80, 22]) flows.refused(attempt(port));
  expect(flows.refusals().map(({ port, count }) => [port, count])).toEqual([
    [22, 2],
    [80, 1],
  ]);
});

test('a scan neither grows the record nor pushes another component out of it', () => {
  const flows = createFlows(() => {});
  flows.refused(attempt(22, '10.196.9.2'));
  for (let port = 1; port < 5_000; port++) flows.refused(attempt(port));
  expect(flows.refusals()).toHaveLength(65);
  expect(flows.refusals().some(({ src }) => src === '10.196.9.2')).toBe(true);
});

test('what fell out of the record is counted, attempt by attempt', () => {
  const flows = createFlows(() => {});
  for (let again = 0; again < 3; again++) flows.refused(attempt(1));
  for (let port = 2; port <= 64; port++) flows.refused(attempt(port));
  expect(flows.unlisted()).toEqual([]);
  for (let port = 65; port <= 67; port++) flows.refused(attempt(port));
  expect(flows.unlisted()).toEqual([{ component: 'app', src: '10.196.1.2', count: 3 + 1 + 1 }]);
  flows.keepOnly(new Set());
  expect(flows.unlisted()).toEqual([]);
});

test('new refusals are reported, ten a second', () => {
  const reported: Refusal[] = [];
  const flows = createFlows(
    (refusal) => reported.push(refusal),
    () => 5_000,
    () => 0,
  );
  flows.refused(attempt(22));
  flows.refused(attempt(22));
  expect(reported).toHaveLength(1);
  for (let port = 100; port < 200; port++) flows.refused(attempt(port));
  expect(reported).toHaveLength(10);
});

test('components that are gone are forgotten', () => {
  const flows = createFlows(() => {});
  flows.refused(attempt(22));
  flows.keepOnly(new Set(['10.196.7.2']));
  expect(flows.refusals()).toEqual([]);
});

test.each([
  ['an opening segment', { flags: 2, seq: 100, ack: 0, payload: 0 }, { seq: 0, ack: 101, flags: 20 }],
  ['one with an acknowledgement', { flags: 16, seq: 100, ack: 7, payload: 50 }, { seq: 7, ack: 0, flags: 4 }],
  ['data without one', { flags: 8, seq: 2 ** 32 - 1, ack: 0, payload: 3 }, { seq: 0, ack: 2, flags: 20 }],
])('a reset has the numbers that the sender of %s accepts', (_claim, packet, numbers) =>
  expect(answerTo(packet)).toEqual(numbers),
);
