/** E10 on the export ledger: a line that was edited or deleted there is named by the entry of the chain that is about it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { silent } from '../../../src/base/log.ts';
import { startLedger } from '../../../src/ledger/index.ts';
import { box, destination, local, newFile, trusted, type Box } from '../export/world.ts';
import { edit, folder } from './desk.ts';

const { authority, flags } = await trusted([local]);
const pair = await authority.issue([local]);

/** A box that has sent three exports; a ledger that knows of them. */
async function sent() {
  await using up = new AsyncDisposableStack();
  const at = up.use(folder());
  const file = newFile();
  const there = up.use(await destination(pair));
  let here: Box | undefined = undefined as Box | undefined;
  const lineOf = (line: number, component: string) => here?.outbox.line(line, component);
  const ledger = up.use(startLedger({ dir: at.dir, log: silent, lineOf }));
  here = up.use(await box({ file, flags, ledger: { record: ledger.record, refused: () => Promise.resolve() } }));
  for (let n = 1; n <= 3; n++) await here.deliver(`https://${local}:${there.port}/`, { n });
  const ended = async () => (await ledger.entries({})).filter(({ kind }) => kind === 'exported').length;
  while ((await ended()) < 3) await sleep(10);
  const way = up.move();
  return { ledger, file, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

test('E10 the export ledger', async () => {
  await using it = await sent();
  expect(await it.ledger.verify()).toMatchObject({ intact: true, broken: [] });
  // Two entries for each sending: the second one's are 3 and 4 of the app's chain.
  const cases: [what: string, statement: string, seq: number, why: RegExp][] = [
    ['a final status', `UPDATE ledger SET status = 'failed' WHERE id = 3`, 6, /line 3 .* says something else/],
    [
      'a destination',
      `UPDATE ledger SET destination = 'https://a.example/' WHERE id = 2`,
      3,
      /line 2 .* something else/,
    ],
    ['the bytes', `UPDATE ledger SET bytes = 1 WHERE id = 1`, 1, /line 1 .* something else/],
  ];
  for (const [, statement, seq, why] of cases) {
    edit(it.file, statement);
    const { intact, broken } = await it.ledger.verify();
    expect([intact, broken]).toMatchObject([false, [{ chain: 'app', seq }]]);
    expect(broken[0]?.why).toMatch(why);
  }
}, 60_000);

test('E10 a deleted line; one that was dropped for age is none', async () => {
  await using it = await sent();
  const omitted = `INSERT INTO ledger (component, destination, bytes, at, ended, attempts, status, answer, count)
    VALUES ('app', 'https://a.example/', 7, 0, 0, 0, 'omitted', '', 1)`;
  edit(it.file, 'DELETE FROM job', omitted, 'DELETE FROM ledger WHERE id = 1');
  expect((await it.ledger.verify()).intact).toBe(true);
  edit(it.file, 'DELETE FROM ledger WHERE id = 3');
  expect((await it.ledger.verify()).broken).toMatchObject([{ chain: 'app', seq: 5 }]);
}, 60_000);

test('E10 a deleted line of an app that lost none for age', async () => {
  await using it = await sent();
  edit(it.file, 'DELETE FROM job', 'DELETE FROM ledger WHERE id = 2');
  const { broken } = await it.ledger.verify();
  expect(broken).toMatchObject([
    { chain: 'app', seq: 3, why: 'line 2 of the export ledger, which it is about, is missing' },
  ]);
}, 60_000);
