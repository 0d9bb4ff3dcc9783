import { spawn } from 'node:child_process';
import { createProgram } from '../../../src/cli/index.ts';
import { verifyBackup } from '../../../src/store/index.ts';

export type Outcome = { code: number | string | null | undefined; out: string; err: string };

/**
 * Runs the real command line as a child process.
 * @param env replaces the environment's DATABOX_ variables, all but the one that names the run's empty settings
 */
export function databox(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    env: { ...kept('PATH'), ...kept('DATABOX_CONFIG'), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  const outcome: Outcome = { code: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => (outcome.out += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (outcome.err += part));
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ ...outcome, code }));
  });
}

const kept = (name: string): Record<string, string> => ({ [name]: process.env[name] ?? '' });
const never = () => Promise.reject(new Error('not in this process'));
/** For command lines that are not asked for their diagnosis. */
export const unasked = { network: never, checkState: never, released: '' };

let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs one command in this process, a tenth of a child's time; what it prints is caught, so they take turns.
 * @param runDir  '' for a command that asks no box
 */
export function inProcess(runDir: string, args: readonly string[]): Promise<Outcome> {
  const mine = turn.then(() => caught(runDir, args));
  turn = mine.catch(() => {});
  return mine;
}

async function caught(runDir: string, args: readonly string[]): Promise<Outcome> {
  const outcome: Outcome = { code: 0, out: '', err: '' };
  const { stdout, stderr } = process;
  const [out, err] = [stdout.write.bind(stdout), stderr.write.bind(stderr)];
  stdout.write = (text: string) => ((outcome.out += text), true);
  stderr.write = (text: string) => ((outcome.err += text), true);
  process.exitCode = 0;
  try {
    const program = createProgram({
      start: never,
      dev: never,
      fetchSource: never,
      verifyBackup,
      state: never,
      wipe: never,
      version: '1',
      doctor: unasked,
    });
    await program.parseAsync(['node', 'databox', ...args, ...(runDir === '' ? [] : ['--run-dir', runDir])]);
    return { ...outcome, code: process.exitCode };
  } finally {
    stdout.write = out;
    stderr.write = err;
    process.exitCode = 0;
  }
}
