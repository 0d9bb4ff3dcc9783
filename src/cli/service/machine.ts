/** machine — this machine's systemd and the files of the service. */
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isBundled } from '../../base/bundle.ts';
import { defaultConfigFile } from '../../base/settings.ts';
import { run } from '../../base/run.ts';
import type { Facts } from './refusal.ts';

export const unitName = 'databox.service';
export const unitFile = `/etc/systemd/system/${unitName}`;
const packagedFiles = ['/lib/systemd/system', '/usr/lib/systemd/system'].map((dir) => `${dir}/${unitName}`);

export function facts(): Facts {
  const program = isBundled() ? realpathSync(process.execPath) : undefined;
  return {
    isRoot: process.getuid?.() === 0,
    hasSystemd: existsSync('/run/systemd/system'),
    packaged: packagedFiles.find((file) => existsSync(file)),
    present: existsSync(unitFile) ? readFileSync(unitFile, 'utf8') : undefined,
    program,
    changeable: program === undefined ? undefined : changeable(program),
  };
}

/** The first of a path and the folders above it that root does not own, or that others may write. */
export function changeable(path: string): string | undefined {
  const { uid, mode } = statSync(path);
  // In a folder with the sticky bit, others cannot exchange what is root's.
  const isSticky = (mode & 0o1000) !== 0;
  if (uid !== 0 || ((mode & 0o022) !== 0 && !isSticky)) return path;
  return path === '/' ? undefined : changeable(dirname(path));
}

/** Writes the unit, and the file of settings if there is none. @returns whether it made one */
export function writeFiles(unit: string): boolean {
  writeFileSync(unitFile, unit, { mode: 0o644 });
  mkdirSync(dirname(defaultConfigFile), { recursive: true, mode: 0o755 });
  if (existsSync(defaultConfigFile)) return false;
  // It may come to hold a password.
  writeFileSync(defaultConfigFile, '{}\n', { mode: 0o600, flag: 'wx' });
  return true;
}

export const removeUnit = (): void => rmSync(unitFile, { force: true });

/** @throws Failure `service.failed` with what systemctl says */
export const systemctl = (argv: readonly string[], timeoutMs = 60_000): Promise<string> =>
  run('systemctl', argv, { timeoutMs, code: 'service.failed' });

const Shown = z.object({ StatusText: z.string().default(''), ExecMainStatus: z.coerce.number().default(0) });

/** What the box last said of itself, and the exit code of its last end. */
export async function shown(): Promise<{ status: string; exitCode: number }> {
  const text = await systemctl(['show', unitName, '--property=StatusText,ExecMainStatus']);
  const pairs = text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  const { StatusText: status, ExecMainStatus: exitCode } = Shown.parse(Object.fromEntries(pairs));
  return { status, exitCode };
}

/** The last lines of its log, oldest first. */
export async function lastWords(): Promise<string[]> {
  const argv = ['--unit', unitName, '--lines', '15', '--no-pager', '--output', 'cat'];
  return (await run('journalctl', argv).catch(() => '')).split('\n').filter((line) => line !== '');
}
