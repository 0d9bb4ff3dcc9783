/** `databox audit` on a running box, with a ledger of real files behind it. */
import { join } from 'node:path';
import { edit } from '../ledger/desk.ts';
import { startAdminBox, type AdminBox } from '../manager/web/admin-box.ts';
import { startBox } from '../manager/web/box.ts';
import { inProcess } from './command.ts';

let box: AdminBox;
beforeAll(async () => (box = await startAdminBox()));
afterAll(() => box[Symbol.asyncDispose]());
const run = (...args: string[]) => inProcess(box.runDir, args);
const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).out) as Record<string, unknown[]>;

test('uses and entries are shown, and found by component, datasource and time', async () => {
  await box.parts.ledger.record({
    kind: 'refusal',
    component: 'app-y',
    path: '/ts/evil\u001b[2J',
    facts: { count: 3 },
  });
  const shown = await run('audit');
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(/driver-x +driver-x-core-store +\/ts\/loadavg1 +0 +0 B +2 +27 B/);
  expect(shown.out).toMatch(/refusal +app-y +\/ts\/evil\S*\[2J +count=3/);
  expect(shown.out).not.toContain('\u001b');
  expect(await json('audit', '--component', 'driver-x', '--datasource', 'loadavg1', '--each')).toMatchObject({
    accesses: [{ component: 'driver-x', datasource: '/ts/loadavg1', span: 60_000, writes: 2, writtenBytes: 27 }],
    entries: [],
  });
  const href = 'tcp://driver-x-core-store:5555/ts/loadavg1';
  expect((await json('audit', '--datasource', href))['accesses']).toHaveLength(1);
  expect((await json('audit', '--datasource', href.replace('-x-', '-z-')))['accesses']).toEqual([]);
  expect(await json('audit', '--since', '2099-01-01')).toEqual({ accesses: [], entries: [] });
  expect((await run('audit', '--since', 'yesterday')).code).toBe(64);
  expect((await run('audit', '--limit', '0')).code).toBe(65);
});

test('the owner’s own look is counted too', async () => {
  await run('store', 'get', 'driver-x-core-store', '/ts/loadavg1/latest');
  expect((await json('audit', '--component', 'owner'))['accesses']).toMatchObject([
    { store: 'driver-x-core-store', reads: 1 },
  ]);
});

test('E10 verify: what is whole is said; the first broken entry is named, with exit code 65', async () => {
  await box.parts.ledger.record({ kind: 'actuation', component: 'app-y' });
  const whole = await run('audit', 'verify');
  expect([whole.code, whole.out]).toEqual([
    0,
    expect.stringMatching(/3 entries in 2 chains since .* as it was written/),
  ]);
  edit(join(box.dir, 'ledger/ledger.sqlite'), `DELETE FROM entry WHERE chain = 'app-y' AND seq = 1`);
  const broken = await run('audit', 'verify');
  expect([broken.code, broken.out, broken.err]).toEqual([
    65,
    '',
    'databox: the ledger is broken: entry 1 of the chain of app-y: it is missing\n',
  ]);
  expect(JSON.parse((await run('audit', 'verify', '--json')).err)).toMatchObject({
    code: 'ledger.broken',
    broken: [{ chain: 'app-y', seq: 1, id: null }],
  });
});

test('the owner’s HTTPS has the same, behind the session', async () => {
  await using web = await startBox();
  expect((await web.ask('/core-ui/ui/api/audit')).status).toBe(401);
  const cookie = await web.logIn();
  const audit = await web.ask('/core-ui/ui/api/audit?component=app-x', { headers: { cookie } });
  expect([audit.status, JSON.parse(audit.body)]).toEqual([200, { accesses: [], entries: [] }]);
  const verdict = await web.ask('/core-ui/ui/api/audit/verify', { headers: { cookie } });
  expect(JSON.parse(verdict.body)).toMatchObject({ intact: true, broken: [] });
  expect((await web.ask('/core-ui/ui/api/audit?nonsense=1', { headers: { cookie } })).status).toBe(400);
});
