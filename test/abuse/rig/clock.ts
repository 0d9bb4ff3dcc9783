import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The wall clock of a program that was started with `env`; its timers keep the machine's steady clock. */
export type FakeClock = {
  readonly env: Record<string, string>;
  /** Sets it, this far from the machine's. */
  set(offsetMs: number): void;
};

/** By libfaketime: setting the machine's own clock would set that of everything else that runs on it. */
export function fakeClock(dir: string): FakeClock {
  const file = join(dir, 'clock');
  const set = (offsetMs: number): void => {
    writeFileSync(`${file}.part`, `${offsetMs < 0 ? '' : '+'}${offsetMs / 1_000}\n`);
    renameSync(`${file}.part`, file); // it is read at every look at the clock
  };
  set(0);
  const env = {
    LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DISABLE_SHM: '1',
  };
  return { env, set };
}
