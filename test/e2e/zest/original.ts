/**
 * original — the library of the original for Node, as it was published, and its own test suites. It has a lock file of its own:
 * among what it needs are packages that nobody maintains, which neither the box nor its development shall hold.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../src/base/run.ts';

const root = join(import.meta.dirname, '../../..');
/** What it is installed from, and programs written for it. */
export const fixtures = join(root, 'test/fixtures/original');
const parts = ['package.json', 'package-lock.json', 'zeromq/package.json', 'zeromq/index.js'];

/** The folder that it lies in; once for each lock file, without scripts, checked against the sums that are there. */
export async function installOriginal(): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(readFileSync(join(fixtures, part)));
  const dir = join(root, '.cache/original', hash.digest('hex').slice(0, 12));
  if (existsSync(dir)) return dir;
  const half = `${dir}.${process.pid}`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  for (const part of parts) cpSync(join(fixtures, part), join(half, part));
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  await run('npm', ['ci', '--prefix', half, ...quietly], { timeoutMs: 300_000 });
  try {
    renameSync(half, dir);
  } catch (err) {
    // Another process was faster.
    if (!existsSync(dir)) throw err;
    rmSync(half, { recursive: true });
  }
  return dir;
}

type Report = {
  testResults: {
    name: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
};
export type Outcome = { passed: string[]; failed: Record<string, string> };

/**
 * Runs the suite of an installed release in its folder, where it finds its settings.
 * @param into  what goes before a command that shall run beside the desk
 */
export async function runSuite(
  into: readonly string[],
  { dir, testMatch, report }: { dir: string; testMatch: string; report: string },
): Promise<Outcome> {
  const config = {
    rootDir: dir,
    testMatch: [`<rootDir>/${testMatch}`],
    // It lies below node_modules, where jest does not look.
    haste: { retainAllFiles: true },
    testPathIgnorePatterns: [],
    transform: {},
    testTimeout: 60_000,
    setupFilesAfterEnv: [join(fixtures, 'suite.js')],
  };
  const jest = [process.execPath, join(root, 'node_modules/jest/bin/jest.js'), '--config', JSON.stringify(config)];
  const { PATH = '', TMPDIR = '' } = process.env;
  const clean = ['env', '-i', '-C', dir, `PATH=${PATH}`, `TMPDIR=${TMPDIR}`];
  // The older release never closes the socket to its arbiter.
  const how = ['--ci', '--silent', '--runInBand', '--forceExit', '--json', '--outputFile', report];
  const [file = '', ...argv] = [...into, ...clean, ...jest, ...how];
  const end = await run(file, argv, { timeoutMs: 120_000 }).catch((err: unknown) => err);
  if (!existsSync(report)) throw end;
  return outcomeOf(dir, JSON.parse(readFileSync(report, 'utf8')) as Report);
}

function outcomeOf(dir: string, { testResults }: Report): Outcome {
  const outcome: Outcome = { passed: [], failed: {} };
  for (const { name, message, assertionResults } of testResults) {
    const file = name.slice(dir.length + 1);
    if (assertionResults.length === 0) outcome.failed[file] = message;
    for (const { fullName, status, failureMessages } of assertionResults) {
      if (status === 'passed') outcome.passed.push(`${file}: ${fullName}`);
      else outcome.failed[`${file}: ${fullName}`] = failureMessages.join('\n');
    }
  }
  return outcome;
}
