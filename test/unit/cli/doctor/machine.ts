/** This machine as the doctor sees it, or with parts of another. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig, type SettingName } from '../../../../src/base/config.ts';
import { thisMachine } from '../../../../src/cli/doctor/doctor.ts';
import type { Machine } from '../../../../src/cli/doctor/machine.ts';
import { checkState } from '../../../../src/state.ts';
import { facts } from '../../../../src/network/index.ts';

const released = '2026-11-01';

export function machineWith(flags: Partial<Record<SettingName, unknown>> = {}, more: Partial<Machine> = {}): Machine {
  const options = {
    network: () => Promise.resolve(facts),
    checkState: (dir: string) => Promise.resolve().then(() => checkState(dir)),
    released,
  };
  return { ...thisMachine(loadConfig({ flags }), options), ...more };
}

/** A folder with these files; it goes with the object. */
export function folder(files: Record<string, string> = {}): Disposable & { dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'dbx-doctor-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text, { mode: 0o755 });
  }
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Matches a text that holds this. */
export const saying = (text: string): string => expect.stringContaining(text) as string;
