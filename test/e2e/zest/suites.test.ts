/** The suites of the original's library for Node, as they were published with it, at an author's desk. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram, type Program } from '../../abuse/rig/process.ts';
import { installOriginal, runSuite, type Outcome } from './original.ts';

const scratch = mkdtempSync(join(tmpdir(), 'databox-suites-'));
let desk: Program;
let newer: Outcome;
let older: Outcome;
beforeAll(async () => {
  const library = await installOriginal();
  // Its ports are fixed: a network of its own, so that nobody else has them.
  const dev = [process.execPath, 'src/main.ts', 'dev', '--json', '--state-dir', join(scratch, 'desk')];
  desk = startProgram(['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...dev]);
  await desk.line((line) => line.includes('"store":"tcp://127.0.0.1:5555"'));
  const beside = ['nsenter', `--net=/proc/${desk.pid()}/ns/net`];
  const suite = (name: string, testMatch: string): Promise<Outcome> =>
    runSuite(beside, {
      ...{ dir: join(library, 'node_modules', name), testMatch },
      report: join(scratch, `${name}.json`),
    });
  [newer, older] = await Promise.all([
    suite('node-databox', '__tests__/**/*.test.js'),
    suite('node-databox-0.9', 'test/*.js'),
  ]);
}, 480_000);
afterAll(() => desk?.[Symbol.asyncDispose]());

test('0.10.8: all of it passes', () => {
  expect(newer.failed).toEqual({});
  expect(newer.passed).toHaveLength(45);
});

test('0.9.0: all of it passes, but for what the original’s tokens were like', () => {
  // Theirs were macaroons of 264 characters.
  const length =
    'test/export-token.js: Export #Request token with destination caveat should get a token with a caveat ';
  expect(older.failed).toEqual({ [length]: expect.stringMatching(/Expected value to be equal to:\s+264\s/) as string });
  expect(older.passed).toHaveLength(57);
});
