/** When the writer commits and answers, with a disk and a rule of the test's own. */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../../src/store/sqlite/protocol.ts';
import { Rounds, type Round } from '../../../src/store/sqlite/rounds.ts';

const change = (store: string): Change => ({ store, change: { do: 'trim' } as Change['change'] });

/** @param waitMs  of the store `slow` with so many changes; all other disks are quick */
function rounds(waitMs: (changes: number) => number) {
  const seen: string[] = [];
  const others: number[] = [];
  const slow: Round['slow'] = [{ store: 'slow', gathering: { answered: (count) => others.push(count), waitMs } }];
  let during = (): void => {};
  const it = new Rounds((batch) => {
    during();
    const names = batch.flatMap(({ changes }) => changes.map(({ store }) => store));
    seen.push(`commit ${names.join(' ')}`);
    return { answer: () => batch.forEach(({ settle }) => settle([])), slow: names.includes('slow') ? slow : [] };
  });
  const add = (...stores: string[]): void =>
    it.add({ changes: stores.map(change), settle: () => seen.push(`answer ${stores.join(' ')}`) });
  const finish = () => it.finish();
  return { finish, seen, others, add, meanwhile: (work: () => void) => (during = work) };
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 4; n++) await turn();
};

test('what comes in one turn is one round, answered when it is on disk', async () => {
  const { add, seen } = rounds(() => 0);
  add('a');
  add('b', 'a');
  expect(seen).toEqual([]);
  await turns();
  expect(seen).toEqual(['commit a b a', 'answer a', 'answer b a']);
});

test('a slow disk is answered for once those who came meanwhile are counted, and before the next commit', async () => {
  const it = rounds(() => 0);
  it.add('slow', 'slow');
  it.meanwhile(() => {
    it.meanwhile(() => {});
    it.add('slow', 'a', 'slow');
    it.add('slow');
  });
  await turns();
  expect(it.others).toEqual([3, 0]);
  expect(it.seen.slice(0, 3)).toEqual(['commit slow slow', 'answer slow slow', 'commit slow a slow slow']);
});

test('a round begins as soon as all who are waited for are there', async () => {
  const it = rounds((changes) => (changes < 3 ? 1_000_000 : 0));
  it.add('slow', 'slow', 'slow');
  await turns();
  it.seen.length = 0;
  it.add('slow');
  await turns();
  it.add('slow');
  await turns();
  expect(it.seen).toEqual([]);
  it.add('slow');
  await turns();
  expect(it.seen).toEqual(['commit slow slow slow', 'answer slow', 'answer slow', 'answer slow']);
});

test('who is waited for in vain is waited for once', async () => {
  const it = rounds(() => 1);
  it.add('slow');
  await turns();
  it.add('slow');
  while (it.seen.length < 4) await sleep(1);
  expect(it.seen).toEqual(['commit slow', 'answer slow', 'commit slow', 'answer slow']);
});

test('to finish commits and answers all at once, whatever was waited for', async () => {
  const it = rounds(() => 1_000_000);
  it.add('slow');
  it.finish();
  expect(it.seen).toEqual(['commit slow', 'answer slow']);
  it.add('slow');
  await turns();
  expect(it.seen.length).toBe(2);
  it.finish();
  expect(it.seen.slice(2)).toEqual(['commit slow', 'answer slow']);
  // Nothing is left that would be committed again.
  it.finish();
  await turns();
  expect(it.seen.length).toBe(4);
});
