import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/base/errors.ts';
import { startAdmin } from '../../../src/manager/web/index.ts';
import { type AdminBox, app, hrefs, startAdminBox } from '../manager/web/admin-box.ts';
import { databox, inProcess } from './command.ts';

let box: AdminBox;
beforeAll(async () => (box = await startAdminBox()));
afterAll(() => box[Symbol.asyncDispose]());
beforeEach(() => {
  box.manager.calls.length = 0;
  box.manager.given.candidates = [hrefs[0] ?? ''];
});
const run = (...args: string[]) => inProcess(box.runDir, args);
const child = (...args: string[]) => databox(args, { DATABOX_RUN_DIR: box.runDir });
const installs = () => box.manager.calls.filter(({ name }) => name === 'install').map(({ argument }) => argument);

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(20);
};

test('U08 tables are aligned, and foreign text cannot move the cursor or add a line', async () => {
  const [list, net, logs, search] = await Promise.all([
    run('list'),
    run('net'),
    run('logs', 'app-y'),
    run('search', 'load'),
  ]);
  const lines = list.out.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toContain('crashed\\u001b[2J\\u000aFAKE  app-z  running');
  expect(new Set(lines.map((line) => line.search(/type|app {2}|driver /))).size).toBe(1);
  expect(net.out).toContain('evil\\u001b.example');
  expect(net.out).toMatch(/app-y +10\.196\.1\.2 +arbiter +10\.196\.1\.250 +8080\/tcp +3 +1\n/);
  expect(net.out).toMatch(/192\.0\.2\.1:22\/tcp +7\n/);
  expect(net.out).toMatch(/app-y +driver-x-core-store +requests +23\n/);
  expect(net.out).toContain('and 9 further attempts of app-y, no longer listed\n');
  expect(logs.out).toBe('hello from app-y\t\\u001b[2Jhidden\n');
  expect(search.out).toMatch(/^app-x +app .*Reads the load$/m);
  for (const { out, code } of [list, net, logs, search]) {
    // eslint-disable-next-line no-control-regex
    expect([code, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(out)]).toEqual([0, false]);
  }
});

test('--json prints what the box said', async () => {
  const each = [['status'], ['list'], ['net'], ['export', 'log'], ['store', 'ls'], ['repo', 'list'], ['search']];
  const outcomes = await Promise.all(each.map((args) => run(...args, '--json')));
  const values = outcomes.map(({ out }) => JSON.parse(out) as unknown);
  expect(outcomes.map(({ code }) => code)).toEqual(each.map(() => 0));
  expect(values[0]).toMatchObject({ healthy: false });
  expect(values[1]).toEqual([
    expect.objectContaining({ name: 'app-y' }),
    expect.objectContaining({ name: 'driver-x' }),
  ]);
  expect(values[4]).toEqual([expect.objectContaining({ name: 'driver-x-core-store' })]);
});

test('the owner looks into stores and exports', async () => {
  const [ls, got, none, log] = await Promise.all([
    ...[run('store', 'ls'), child('store', 'get', 'driver-x-core-store', '/ts/loadavg1/latest')],
    ...[run('store', 'get', 'absent', '/ts/x/latest'), run('export', 'log', '--since', '2026-01-31')],
  ]);
  expect(ls?.out).toMatch(/driver-x-core-store +[\d.]+ kB +loadavg1 +ts +2 +all\n/);
  expect(JSON.parse(got?.out ?? '')).toEqual([expect.objectContaining({ data: { value: 0.5 } })]);
  expect([none?.code, none?.err]).toEqual([66, expect.stringContaining('absent')]);
  expect(log?.out).toBe('Nothing has left this box.\n');
});

describe('install', () => {
  test('shows what is asked for, and refuses when nobody is there to agree', async () => {
    const { code, out, err } = await child('install', 'app-x');
    expect([code, installs()]).toEqual([64, []]);
    expect(out).toContain('- May read the load.\\u001b]0;x\\u0007');
    expect(out).toMatch(/risk +4 of 5/);
    expect(err).toContain('--yes');
  });
  test('with --yes takes the only candidate, reports each step, and says it is done', async () => {
    const file = join(box.dir, 'app-x.json');
    writeFileSync(file, JSON.stringify(app));
    const [byName, byFile] = await Promise.all([
      child('install', 'app-x', '--yes'),
      run('install', file, '--yes', '--json'),
    ]);
    expect([byName.code, byName.err]).toEqual([0, 'Making a network\nStarting a container\n']);
    expect(byName.out).toMatch(/app-x is installed\.\n$/);
    expect(JSON.parse(byFile.out)).toEqual({ installed: 'app-x', choices: { LOAD: [hrefs[0]] } });
    const choices = { LOAD: [hrefs[0]] };
    expect(installs()).toEqual(
      expect.arrayContaining([
        { name: 'app-x', choices },
        { manifest: app, choices },
      ]),
    );
  });
  test('does not choose between two, nor grant what nothing provides', async () => {
    box.manager.given.candidates = [...hrefs];
    const two = await run('install', 'app-x', '--yes');
    expect([two.code, two.err]).toEqual([64, expect.stringContaining('--datasource LOAD=HREF')]);
    box.manager.given.candidates = [];
    const none = await run('install', 'app-x', '--yes');
    expect([none.code, none.err]).toEqual([66, expect.stringContaining('databox search loadavg1')]);
    expect(installs()).toEqual([]);
    const told = await run('install', 'app-x', '--yes', '--datasource', `LOAD=${hrefs[1]}`);
    expect([told.code, installs()]).toEqual([0, [{ name: 'app-x', choices: { LOAD: [hrefs[1]] } }]]);
  });
  test('that fails half-way ends in its sentence and code', async () => {
    box.manager.given.installFailure = new Failure('image.missing', 'no image \u001b[2J');
    const outcomes = await Promise.all([
      child('install', 'app-x', '--yes'),
      run('install', 'app-x', '--yes', '--json'),
    ]);
    box.manager.given.installFailure = undefined;
    expect(outcomes.map(({ code }) => code)).toEqual([69, 69]);
    expect(outcomes[0]?.err).toBe('Making a network\nStarting a container\ndatabox: no image \\u001b[2J\n');
    expect(JSON.parse(outcomes[1]?.err ?? '')).toMatchObject({ code: 'image.missing', title: 'no image \u001b[2J' });
  });
  test.each([
    ['as lines', []],
    ['as JSON', ['--json']],
  ])('goes on in the box after Ctrl-C, and says so %s: exit code 130', async (_how, more) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    box.manager.given.installUntil = promise;
    const args = ['src/main.ts', 'install', 'app-x', '--yes', '--run-dir', box.runDir, ...more];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
    const closed = new Promise<number | null>((done) => child.once('close', done));
    await until(() => installs().length > 0);
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(out).toMatch(more.length > 0 ? /"installing": "app-x"/ : /goes on with app-x: databox list shows it/);
    resolve();
    await until(() => box.manager.calls.some(({ name }) => name === 'install ended'));
    expect(await box.ask('GET', '/status')).toMatchObject({ status: 200 });
  });
  test('of what is installed, unknown or no manifest is refused', async () => {
    const outcomes = await Promise.all([
      run('install', 'driver-x'),
      run('install', 'nothing'),
      run('install', './absent.json'),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([73, 66, 66]);
  });
});

test('uninstall, restart, revoke, allow and repo say what they did', async () => {
  const outcomes = [
    await run('uninstall', 'app-y', '--delete-data'),
    await run('restart', 'driver-x', '--json'),
    await run('revoke', 'app-y', '--datasource', 'LOAD'),
    await run('allow', 'app-y', '--host', 'api.example'),
  ];
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(box.manager.calls.map(({ name }) => name)).toEqual(['uninstall', 'restart', 'revoke', 'allow']);
  expect(JSON.parse(outcomes[1]?.out ?? '')).toEqual({ restarted: 'driver-x' });
  const [both, absent, bad] = await Promise.all([
    ...[run('revoke', 'app-y', '--host', 'a', '--datasource', 'b'), run('restart', 'absent')],
    ...[run('repo', 'add', 'ext::sh')],
  ]);
  expect([both?.code, absent?.code, bad?.code]).toEqual([64, 66, 65]);
});

test('repositories: a broken manifest is named, an official one stays', async () => {
  const shop = join(box.dir, 'shop');
  const [list, sync, remove] = await Promise.all([
    run('repo', 'list'),
    run('repo', 'sync', '--json'),
    run('repo', 'remove', shop),
  ]);
  expect(list.out).toMatch(/shop.* \* +1 .*\n.*broken\.json is skipped: /);
  expect(JSON.parse(sync.out)).toEqual([expect.objectContaining({ manifests: 1, official: true })]);
  expect(remove.code).toBe(65);
});

test('stop waits until the box is gone', async () => {
  const runDir = join(box.dir, 'stopping');
  const admin = await startAdmin({
    ...{ ...box.parts, config: { 'run.dir': runDir } },
    stop: () => void setTimeout(() => void admin[Symbol.asyncDispose](), 50),
  });
  const { code, out } = await inProcess(runDir, ['stop', '--json']);
  expect([code, JSON.parse(out), existsSync(admin.path)]).toEqual([0, { stopped: true }, false]);
});

test('a box that dies in the middle of an answer is said to have stopped', async () => {
  const runDir = join(box.dir, 'dying');
  const admin = await startAdmin({ ...box.parts, config: { 'run.dir': runDir } });
  const followed = inProcess(runDir, ['logs', '-f', 'app-y']);
  while (box.manager.calls.every(({ name }) => name !== 'logs begun')) await new Promise(setImmediate);
  await admin[Symbol.asyncDispose]();
  expect(await followed).toMatchObject({ code: 69, out: expect.stringContaining('hello from app-y') as string });
});

test('without a running Databox the advice is to start it', async () => {
  const outcomes = await Promise.all([
    databox(['list', '--run-dir', '/nonexistent']),
    databox(['stop', '--run-dir', '/nonexistent']),
  ]);
  for (const { code, err } of outcomes) expect([code, err]).toEqual([69, expect.stringContaining('databox start')]);
});

test('what is not understood ends in 64, and help does not', async () => {
  const outcomes = await Promise.all([
    child('lst'),
    child('list', '--colour'),
    run('export', 'log', '--limit', 'x'),
    child(),
    child('--help'),
  ]);
  expect(outcomes.map(({ code }) => code)).toEqual([64, 64, 64, 64, 0]);
});

test('config show prints what is in force, and no password', async () => {
  const env = { DATABOX_NETWORK_QUEUE: '0', DATABOX_OWNER_PASSWORD: 'very secret' };
  const [shown, wrong] = await Promise.all([
    databox(['config', 'show', '--json', '--address-pool', '10.9.0.0/16'], env),
    databox(['config', 'show', '--log-level', 'loud']),
  ]);
  expect(JSON.parse(shown?.out ?? '')).toMatchObject({
    ...{
      'network.queue': 0,
      'network.address-pool': '10.9.0.0/16',
      'owner.password': '[set]',
      'owner.host-name': null,
    },
  });
  expect(shown?.out).not.toContain('very secret');
  expect(wrong?.code).toBe(78);
});
