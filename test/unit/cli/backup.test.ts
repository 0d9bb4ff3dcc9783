/** `databox store backup`, `restore` and `verify` over a real admin socket, with files as a person names them. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFiles } from '../../open-files.ts';
import { type AdminBox, startAdminBox } from '../manager/web/admin-box.ts';
import { statusOf } from '../manager/web/far-side.ts';
import { putTogether, takeApart } from '../store/backups.ts';
import { inProcess } from './command.ts';

let box: AdminBox;
let dir: string;
let file: string;
beforeAll(async () => (box = await startAdminBox()));
afterAll(() => box[Symbol.asyncDispose]());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'backup-'));
  file = join(dir, 'x.databox-backup');
});
afterEach(() => rmSync(dir, { recursive: true }));
const run = (...args: string[]) => inProcess(box.runDir, ['store', ...args]);
const latest = async () => (await run('get', 'driver-x-core-store', '/ts/loadavg1/latest', '--json')).out;

test('a backup is a file of its owner alone, whole, and comes back', async () => {
  const taken = await run('backup', 'driver-x', file, '--json');
  const size = statSync(file).size;
  expect([taken.code, JSON.parse(taken.out)]).toMatchObject([
    0,
    { backup: { store: 'driver-x-core-store', file, bytes: size } },
  ]);
  expect([readdirSync(dir), statSync(file).mode & 0o777]).toEqual([['x.databox-backup'], 0o600]);
  expect((await inProcessAlone('verify', file)).out).toMatch(
    /whole backup.*\n.*driver-x-core-store\n.*driver driver-x/,
  );
  const before = await latest();
  await box.stores.remove('driver-x-core-store');
  await box.stores.open('driver-x-core-store');
  expect(await latest()).not.toBe(before);
  expect(await run('restore', file)).toMatchObject({ code: 64, err: expect.stringContaining('--yes') as string });
  const restored = await run('restore', file, '--yes', '--into', 'driver-x', '--json');
  expect([restored.code, JSON.parse(restored.out)]).toMatchObject([
    0,
    { restored: { store: 'driver-x-core-store', origin: 'owner' }, setAside: null },
  ]);
  expect(await latest()).toBe(before);
});

test('whoever asks for a backup and has gone before it begins leaves no copy on the disk', async () => {
  // A copy that is still made is there too.
  const made = (): number => readdirSync(join(box.dir, 'stores')).filter((name) => name.includes('.copy-')).length;
  for (let n = 0; n < 3; n++) {
    const asking = connect(join(box.runDir, 'databox.sock'));
    asking.end('GET /backups/driver-x-core-store HTTP/1.1\r\nhost: box\r\n\r\n');
    while (made() === 0) await sleep(1);
    asking.destroy();
    while (made() > 0) await sleep(1);
  }
  await sleep(100);
  expect(openFiles().filter((name) => name.includes('.copy-'))).toEqual([]);
});

/** It needs no box. */
const inProcessAlone = (...args: string[]) => inProcess('', ['store', ...args]);

test('every store goes into a folder; what is there stays', async () => {
  box.manager.components.push(statusOf('driver-x-core-store', { type: 'store' }));
  const into = join(dir, 'all');
  expect(await run('backup', '--all', into)).toMatchObject({ code: 0 });
  expect(readdirSync(into)).toEqual(['driver-x-core-store.databox-backup']);
  expect(statSync(into).mode & 0o777).toBe(0o700);
  const bytes = readFileSync(join(into, 'driver-x-core-store.databox-backup'));
  expect(await run('backup', '--all', into)).toMatchObject({ code: 73 });
  expect(readFileSync(join(into, 'driver-x-core-store.databox-backup')).equals(bytes)).toBe(true);
});

test.each([
  [['backup', 'driver-x'], 64],
  [['backup', '--all', 'x', 'driver-x', 'y'], 64],
  [['backup', 'absent', 'FILE'], 66],
  [['backup', '../../etc', 'FILE'], 66],
  [['backup', 'driver-x', 'DIR/absent/x'], 73],
  [['restore', 'FILE', '--yes'], 66],
])('%j ends with %i and leaves nothing', async (args, code) => {
  const named = args.map((arg) => arg.replace('FILE', file).replace('DIR', dir));
  expect((await run(...named)).code).toBe(code);
  expect(readdirSync(dir)).toEqual([]);
});

describe('M12 what is named is no backup', () => {
  const refuse = async (args: string[], code: number) => {
    for (const command of ['verify', 'restore']) {
      const more = command === 'restore' ? ['--yes'] : [];
      const { code: ended } = await (command === 'verify' ? inProcessAlone : run)(command, ...args, ...more);
      expect([command, ended]).toEqual([command, code]);
    }
  };
  beforeEach(() => run('backup', 'driver-x', file));
  test('a link, a folder, a device, a pipe: neither read nor written through', async () => {
    const named = (name: string) => join(dir, name);
    symlinkSync(file, named('link'));
    symlinkSync(named('absent'), named('dangling'));
    mkdirSync(named('folder'));
    execFileSync('mkfifo', [named('pipe')]);
    for (const each of ['link', 'dangling', 'folder', 'pipe']) {
      await refuse([named(each)], 66);
      expect((await run('backup', 'driver-x', named(each))).code).toBe(73);
    }
    await refuse(['/dev/zero'], 66);
    expect((await run('backup', 'driver-x', '/dev/null')).code).toBe(73);
    expect(existsSync(named('absent'))).toBe(false);
    expect(readdirSync(dir).sort()).toEqual(['dangling', 'folder', 'link', 'pipe', 'x.databox-backup']);
  });
  test.each([
    ['another store', { store: 'driver-y-core-store', component: 'driver-y' }, 'store.unknown'],
    ['a path for a store', { store: '../../etc/passwd' }, 'store.unknown'],
    ['another component', { component: 'driver-y' }, 'backup.foreign'],
    ['another kind of component', { type: 'app' }, 'backup.foreign'],
    ['another origin', { origin: 'https://shop.example/' }, 'backup.foreign'],
  ])('%s', async (_claim, change, unnamed) => {
    const { header, database } = takeApart(readFileSync(file));
    writeFileSync(file, putTogether({ header: { ...header, ...change }, database }));
    const before = await latest();
    const restored = async (...into: string[]) => {
      const { code, err } = await run('restore', file, '--yes', ...into, '--json');
      return [code, (JSON.parse(err) as { code: string }).code];
    };
    expect(await restored()).toEqual([unnamed === 'store.unknown' ? 66 : 65, unnamed]);
    expect(await restored('--into', 'driver-x')).toEqual([65, 'backup.foreign']);
    expect(await latest()).toBe(before);
  });
  test('one that is cut or altered: the box does not hear of it', async () => {
    const bytes = readFileSync(file);
    for (const spoilt of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from('x')]), Buffer.alloc(5_000, 'x')]) {
      writeFileSync(file, spoilt);
      await refuse([file], 65);
    }
  });
});
