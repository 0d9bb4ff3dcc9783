/** E10: entries edited, deleted, reordered, inserted or cut off on disk; verification names the first broken one. */
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { edit, folder, withEntries } from './desk.ts';

/** Two chains: ten actuations of app-x, and what the owner did around them. */
async function filled(dir: string): Promise<void> {
  await withEntries(dir, (desk) => {
    desk.record({ kind: 'install', component: 'app-x' });
    for (let at = 1; at <= 10; at++) {
      desk.record({ kind: 'actuation', component: 'app-x', target: 'lamp', path: '/kv/lamp/on', facts: { at } });
    }
    desk.record({ kind: 'agreement', component: 'app-x', facts: { revoked: true } });
  });
}
const verified = (dir: string) => withEntries(dir, (desk) => desk.verify());
const ofApp = (seq: number) => `chain = 'app-x' AND seq = ${seq}`;

test('an untouched ledger is intact, also after a restart and more entries', async () => {
  using at = folder();
  await filled(at.dir);
  expect(await verified(at.dir)).toMatchObject({ intact: true, broken: [], entries: 13, chains: 2 });
  await withEntries(at.dir, (desk) => desk.record({ kind: 'actuation', component: 'app-x' }));
  expect(await verified(at.dir)).toMatchObject({ intact: true, entries: 14 });
});

test.each<[what: string, statements: string[], seq: number, why: RegExp]>([
  ['E10 edited facts', [`UPDATE entry SET facts = '{"at":99}' WHERE ${ofApp(4)}`], 4, /not as it was written/],
  ['E10 an edited time', [`UPDATE entry SET at = at + 1 WHERE ${ofApp(7)}`], 7, /not as it was written/],
  [
    'E10 an entry given to another',
    [`UPDATE entry SET component = 'app-y' WHERE ${ofApp(2)}`],
    2,
    /not as it was written/,
  ],
  ['E10 an edited hash', [`UPDATE entry SET hash = '${'f'.repeat(64)}' WHERE ${ofApp(5)}`], 5, /not as it was written/],
  ['E10 what is no entry at all', [`UPDATE entry SET kind = 'nothing' WHERE ${ofApp(6)}`], 6, /no entry of the box/],
  ['E10 a deleted entry', [`DELETE FROM entry WHERE ${ofApp(3)}`], 3, /missing/],
  ['E10 the first entry deleted', [`DELETE FROM entry WHERE ${ofApp(1)}`], 1, /missing/],
  ['E10 the last entry deleted', [`DELETE FROM entry WHERE ${ofApp(10)}`], 10, /missing, with all that followed/],
  [
    'E10 the end cut off',
    [`DELETE FROM entry WHERE chain = 'app-x' AND seq > 6`],
    7,
    /missing, with all that followed/,
  ],
  ['E10 a whole chain gone', [`DELETE FROM entry WHERE chain = 'app-x'`], 1, /missing/],
  [
    'E10 two entries exchanged',
    [
      `UPDATE entry SET seq = 900 WHERE ${ofApp(4)}`,
      `UPDATE entry SET seq = 4 WHERE ${ofApp(8)}`,
      `UPDATE entry SET seq = 8 WHERE chain = 'app-x' AND seq = 900`,
    ],
    4,
    /not in its place/,
  ],
  [
    'E10 a gap closed by counting on',
    [
      `DELETE FROM entry WHERE ${ofApp(3)}`,
      `UPDATE entry SET seq = -seq + 1 WHERE chain = 'app-x' AND seq > 3`,
      `UPDATE entry SET seq = -seq WHERE seq < 0`,
    ],
    3,
    /not in its place/,
  ],
  [
    'E10 an entry put in at the end',
    [
      `INSERT INTO entry (chain, seq, at, kind, component, target, path, facts, hash)
         SELECT chain, 11, at, kind, component, target, path, facts, hash FROM entry WHERE ${ofApp(10)}`,
    ],
    11,
    /not as it was written, or not in its place/,
  ],
])('%s', async (_what, statements, seq, why) => {
  using at = folder();
  await filled(at.dir);
  edit(at.file, ...statements);
  const { intact, broken } = await verified(at.dir);
  expect([intact, broken.map(({ chain, seq: first }) => [chain, first])]).toEqual([false, [['app-x', seq]]]);
  expect(broken[0]?.why).toMatch(why);
});

test('E10 what was cut off stays visible when the box goes on writing', async () => {
  using at = folder();
  await filled(at.dir);
  edit(at.file, `DELETE FROM entry WHERE chain = 'app-x' AND seq > 6`);
  await withEntries(at.dir, (desk) => {
    for (let more = 0; more < 5; more++) desk.record({ kind: 'actuation', component: 'app-x' });
  });
  expect((await verified(at.dir)).broken).toMatchObject([{ chain: 'app-x', seq: 7, id: null }]);
});

test('E10 a hash computed without the secret fits nowhere', async () => {
  using at = folder();
  await filled(at.dir);
  const db = new Database(at.file);
  const rows = db.prepare(`SELECT * FROM entry WHERE chain = 'app-x' ORDER BY seq`).all() as Record<string, string>[];
  let before = rows[3]?.['hash'] ?? '';
  const put = db.prepare('UPDATE entry SET facts = ?, hash = ? WHERE id = ?');
  for (const row of rows.slice(4)) {
    const said = [row['id'], row['chain'], row['seq'], row['at'], row['kind'], row['component'], row['target']];
    const text = `entry\n${before}\n${JSON.stringify([...said, row['path'], '{}'])}`;
    before = createHash('sha256').update(text).digest('hex');
    put.run('{}', before, row['id']);
  }
  db.close();
  expect((await verified(at.dir)).broken).toMatchObject([{ chain: 'app-x', seq: 5 }]);
});

test.each<[what: string, damage: (head: string) => void]>([
  ['is gone', (head) => rmSync(head)],
  ['is forged', (head) => writeFileSync(head, readFileSync(head, 'utf8').replace('"seq":10', '"seq":6'))],
  ['is no JSON', (head) => writeFileSync(head, '')],
])('E10 a head that %s is noticed at the next start and for good', async (_what, damage) => {
  using at = folder();
  await filled(at.dir);
  edit(at.file, `DELETE FROM entry WHERE chain = 'app-x' AND seq > 6`);
  damage(join(at.dir, 'head.json'));
  for (let start = 0; start < 2; start++) {
    await withEntries(at.dir, (desk) => desk.record({ kind: 'actuation', component: 'app-y' }));
    const { intact, broken } = await verified(at.dir);
    expect([intact, broken.map(({ chain, why }) => [chain, /head of the ledger was gone/.test(why)])]).toEqual([
      false,
      [['owner', true]],
    ]);
  }
});

test('E10 a head that is gone while the box runs is noticed before it is written anew', async () => {
  using at = folder();
  await filled(at.dir);
  await withEntries(at.dir, async (desk) => {
    expect((await desk.verify()).intact).toBe(true);
    rmSync(join(at.dir, 'head.json'));
    expect((await desk.verify()).broken[0]?.why).toMatch(/the head of the ledger is gone or altered/);
  });
});

test('E10 with another secret nothing holds', async () => {
  using at = folder();
  await filled(at.dir);
  rmSync(join(at.dir, 'secret'));
  const { broken } = await verified(at.dir);
  expect(broken).toMatchObject([
    { chain: 'owner', seq: 1 },
    { chain: 'app-x', seq: 1 },
  ]);
});

test('E10 an older ledger under the present head lacks what came since', async () => {
  using at = folder();
  await filled(at.dir);
  copyFileSync(at.file, `${at.file}.old`);
  await withEntries(at.dir, (desk) => desk.record({ kind: 'refusal', component: 'app-x' }));
  copyFileSync(`${at.file}.old`, at.file);
  expect((await verified(at.dir)).broken).toMatchObject([{ chain: 'app-x', seq: 11 }]);
});
