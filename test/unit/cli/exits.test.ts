/** Every exit code of docs/cli.md is one that a command line can end in. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type FailureCode, Failure } from '../../../src/base/errors.ts';
import { meanings } from '../../../src/cli/reference.ts';
import { type AdminBox, startAdminBox } from '../manager/web/admin-box.ts';
import { databox, inProcess } from './command.ts';

let box: AdminBox;
beforeAll(async () => (box = await startAdminBox()));
afterAll(() => box[Symbol.asyncDispose]());

const run = (...args: string[]) => inProcess(box.runDir, args);
/** An install that the box ends so. */
async function failing(code: FailureCode) {
  box.manager.given.installFailure = new Failure(code, 'no');
  try {
    return await run('install', 'app-x', '--yes');
  } finally {
    box.manager.given.installFailure = undefined;
  }
}
const notJson = () => {
  const file = join(box.dir, 'bad.json');
  writeFileSync(file, '{');
  return run('install', file);
};

type Case = readonly [code: number, what: string, run: () => Promise<{ code: unknown }>];
const cases: readonly Case[] = [
  [0, 'what is done', () => run('status')],
  [64, 'a flag that is none', () => databox(['list', '--nope'])],
  [65, 'a file that is no manifest', notJson],
  [66, 'a name that nobody has', () => run('install', 'nothing')],
  [69, 'a box that does not run', () => inProcess(join(box.dir, 'nowhere'), ['list'])],
  [70, 'a defect', () => failing('internal')],
  [71, 'a kernel that refuses', () => failing('network.refused')],
  [73, 'what is there already', () => run('install', 'driver-x')],
  [74, 'a full disk', () => failing('store.full')],
  [75, 'a component that is being worked on', () => failing('component.busy')],
  [77, 'a right that nobody has', () => failing('permission.refused')],
  [78, 'a setting out of range', () => databox(['config', 'show', '--network-queue', '-1'])],
];
/** At a terminal (test/unit/wipe.test.ts), and after a signal (test/unit/cli/cli.test.ts). */
const elsewhere = [1, 130];

test.each(cases)(
  '%i: %s',
  async (code, _what, end) => {
    expect((await end()).code).toBe(code);
  },
  60_000,
);

test('who is not done and has nothing left to wait for says so, and ends with 70', async () => {
  // Whoever connects does not wait for what comes.
  const lost = `import { Socket } from 'node:net';
    const { connect } = Socket.prototype;
    Socket.prototype.connect = function (...to) { return connect.apply(this, to).unref(); };`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(lost)}` };
  const dir = mkdtempSync(join(box.dir, 'silent-'));
  const server = createServer(() => {}).listen(join(dir, 'databox.sock'));
  const { code, err } = await databox(['list', '--run-dir', dir], env);
  server.close();
  expect([code, err]).toEqual([70, 'databox: it is not done, and nothing is left to wait for\n']);
});

test('there is no other code', () => {
  const known = [...cases.map(([code]) => code), ...elsewhere].sort((a, b) => a - b);
  expect(Object.keys(meanings).map(Number)).toEqual(known);
});
