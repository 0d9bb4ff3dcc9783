/** `databox wipe`, up to the moment when it takes things away; from there on test/e2e/wipe.test.ts has real ones. */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArbiter } from '../../src/arbiter/index.ts';
import { loadConfig } from '../../src/base/config.ts';
import { lockDirectory } from '../../src/base/lock.ts';
import { beginWipe, endWipe, refuseHalfWiped, unfinishedWipe } from '../../src/base/wiping.ts';
import { modernSpelling } from '../../src/cli/index.ts';
import { stateActions } from '../../src/state.ts';
import { openWipe } from '../../src/wipe.ts';
import { databox } from './cli/command.ts';

const silent = { info() {}, warn() {}, error() {}, debug() {}, child: () => silent } as never;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dbx-wipe-'));
  mkdirSync(join(dir, 'stores'));
  writeFileSync(join(dir, 'stores/driver-x-core-store.sqlite'), 'x'.repeat(2_000));
  createArbiter({ file: join(dir, 'arbiter.sqlite'), checkAddress: false, log: silent })[Symbol.dispose]();
});
afterEach(() => rmSync(dir, { recursive: true }));

/** No engine is here: a wipe that gets as far as asking for it ends before it changes anything. */
const noEngine = ['--docker-host', 'unix:///nowhere/docker.sock'];
const args = (...more: string[]) => ['wipe', '--state-dir', dir, '--run-dir', join(dir, 'run'), ...noEngine, ...more];
const all = () => Object.fromEntries(filesIn().map((file) => [file, readFileSync(join(dir, file), 'base64')]));
const filesIn = () =>
  globSync('**/*.*', { cwd: dir })
    .filter((name) => !name.startsWith('lock.sqlite'))
    .sort();
const mark = { box: 'b', keepComponents: true, removeCertificates: false };

/** Runs it at a terminal, and types the answer to its question. */
function atTerminal(answer: string): Promise<{ code: number | null; out: string }> {
  const line = [process.execPath, 'src/main.ts', ...args()].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], { timeout: 30_000 });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    const before = out;
    out += part;
    if (!before.includes('to go on: ') && out.includes('to go on: ')) child.stdin.write(answer);
  });
  return new Promise((done) => child.once('close', (code) => done({ code, out })));
}

describe('changes nothing', () => {
  test('under a box that runs, and says what to do: exit code 75', async () => {
    using up = new DisposableStack();
    up.use(lockDirectory(dir));
    const before = all();
    const { code, err } = await databox(args('--yes'));
    expect([code, err]).toEqual([75, expect.stringContaining('stop it first with databox stop')]);
    expect(all()).toEqual(before);
  });
  test('where nobody can confirm it: exit code 64', async () => {
    const before = all();
    for (const json of [[], ['--json']]) {
      const { code, err } = await databox(args(...json));
      expect([code, err]).toEqual([64, expect.stringContaining('--yes')]);
    }
    expect(all()).toEqual(before);
  });
  test.each([
    ['another word', 'yes\r'],
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('after %s in the place of the name: exit code 1', async (_what, answer) => {
    const before = all();
    const { code, out } = await atTerminal(answer);
    expect([code, out]).toEqual([1, expect.stringContaining('Nothing was changed.')]);
    expect(out).toMatch(/stores +1 with 2\.0 kB/);
    expect(all()).toEqual(before);
  });
  test('without the engine that has the containers, also after the right name: exit code 69', async () => {
    const before = all();
    const { code, out } = await atTerminal(`${hostname()}\r`);
    expect([code, out]).toEqual([69, expect.stringContaining('Docker engine does not answer')]);
    expect(all()).toEqual(before);
  });
  test('in a folder that is not there: exit code 78', async () => {
    const { code } = await databox([...args('--yes'), '--state-dir', join(dir, 'none')]);
    expect([code, existsSync(join(dir, 'none'))]).toEqual([78, false]);
  });
});

describe('one that was interrupted', () => {
  test('keeps the box from starting, with exit code 78, until it is finished', async () => {
    beginWipe(dir, mark);
    for (const command of [['start'], ['dev', '--port', '0']]) {
      const { code, err } = await databox([...command, '--state-dir', dir, '--json']);
      expect(code).toBe(78);
      expect(JSON.parse(err)).toMatchObject({ code: 'wipe.unfinished' });
    }
    expect(() => stateActions.restore(dir)).toThrow(/finish it with: databox wipe/);
    endWipe(dir);
    expect(() => refuseHalfWiped(dir)).not.toThrow();
  });
  test('is read back as it was begun; one that cannot be read was to leave nothing', () => {
    expect(unfinishedWipe(dir)).toBeUndefined();
    beginWipe(dir, mark);
    expect(unfinishedWipe(dir)).toEqual(mark);
    writeFileSync(join(dir, 'wipe-unfinished.json'), '{');
    expect(unfinishedWipe(dir)).toEqual({ box: null, keepComponents: false, removeCertificates: true });
    expect(() => stateActions.check(dir)).toThrow(expect.objectContaining({ code: 'wipe.unfinished' }) as Error);
  });
  test('is shown to whoever wipes again', () => {
    beginWipe(dir, mark);
    using wipe = openWipe(loadConfig({ flags: { 'state.dir': dir } }));
    expect(wipe).toMatchObject({ unfinished: mark, found: { stores: [{ name: 'driver-x-core-store' }] } });
  });
});

test('the original’s spelling is understood', () => {
  const typed = ['node', 'databox', 'wipe', '-y', '-LeaveCmgrStore', '-removeCerts'];
  expect(modernSpelling(typed)).toEqual([...typed.slice(0, 4), '--LeaveCmgrStore', '--removeCerts']);
});
