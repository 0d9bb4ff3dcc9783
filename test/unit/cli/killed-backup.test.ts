/** `databox store backup`, a real process, killed while it writes: what it leaves, and who takes it away. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminBox, startAdminBox } from '../manager/web/admin-box.ts';
import { inProcess } from './command.ts';

let box: AdminBox;
let dir: string;
let file: string;
beforeAll(async () => (box = await startAdminBox()));
afterAll(() => box[Symbol.asyncDispose]());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'killed-backup-'));
  file = join(dir, 'x.databox-backup');
});
afterEach(() => {
  for (const each of [realpathSync(dir), dir]) rmSync(each, { recursive: true, force: true });
});
const backUp = () => inProcess(box.runDir, ['store', 'backup', 'driver-x', file]);

/** A box that sends the beginning of a backup and no more. */
async function stalledBox() {
  const runDir = mkdtempSync(join(tmpdir(), 'stalled-'));
  const answers: ServerResponse[] = [];
  const server = createServer((_req, res) => {
    answers.push(res);
    res.writeHead(200, { 'content-type': 'application/octet-stream' }).write(Buffer.alloc(1_000, 'x'));
  });
  await once(server.listen(join(runDir, 'databox.sock')), 'listening');
  return {
    runDir,
    finish: () => answers.forEach((res) => res.end()),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(runDir, { recursive: true });
    },
  };
}

/** A backup under way: what there is of it is on the disk. */
async function underWay(runDir: string): Promise<{ child: ChildProcess; draft: string; ended: Promise<unknown[]> }> {
  const args = ['src/main.ts', 'store', 'backup', 'driver-x', file, '--run-dir', runDir];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const draft = `.x.databox-backup.${child.pid}.half`;
  for (const until = Date.now() + 15_000; Date.now() < until; await new Promise((done) => setTimeout(done, 20))) {
    if (readdirSync(dir).includes(draft) && statSync(join(dir, draft)).size === 1_000) return { child, draft, ended };
  }
  child.kill('SIGKILL');
  throw new Error('no backup began');
}

test('what a killed backup leaves says what it is, and the next to the same place deletes it', async () => {
  await using stalled = await stalledBox();
  const { child, draft, ended } = await underWay(stalled.runDir);
  child.kill('SIGKILL');
  await ended;
  expect(readdirSync(dir)).toEqual([draft]);
  const verified = await inProcess('', ['store', 'verify', join(dir, draft), '--json']);
  expect([verified.code, JSON.parse(verified.err)]).toEqual([
    65,
    expect.objectContaining({
      title: expect.stringMatching(/killed left it; the next one to x\.databox-backup/) as string,
    }),
  ]);
  expect((await backUp()).code).toBe(0);
  expect(readdirSync(dir)).toEqual(['x.databox-backup']);
}, 60_000);

test.each(['', 'link'])(
  'another backup that is under way keeps its own, and the file that came first: by /%s',
  async (link) => {
    if (link !== '') symlinkSync(dir, (dir = `${dir}.${link}`));
    file = join(dir, 'x.databox-backup');
    await using stalled = await stalledBox();
    const { draft, ended } = await underWay(stalled.runDir);
    expect((await backUp()).code).toBe(0);
    expect(readdirSync(dir).sort()).toEqual([draft, 'x.databox-backup']);
    const { size } = statSync(file);
    stalled.finish();
    expect(await ended).toEqual([65, null]);
    expect([readdirSync(dir), statSync(file).size]).toEqual([['x.databox-backup'], size]);
  },
  60_000,
);

test('a number that is another process’s by now protects nothing; what only looks alike stays', async () => {
  const left = [`.x.databox-backup.${process.ppid}.half`, '.x.databox-backup.4194305.half'];
  const others = [
    '.y.databox-backup.1.half',
    '.x.databox-backup.half',
    'x.databox-backup.1.half',
    '.x.databox-backup.a1.half',
  ];
  for (const name of [...left, ...others]) writeFileSync(join(dir, name), '');
  mkdirSync(join(dir, 'folder'));
  expect((await backUp()).code).toBe(0);
  expect(readdirSync(dir).sort()).toEqual([...others, 'folder', 'x.databox-backup'].sort());
}, 60_000);
