/** doctor — looks at this machine and says what keeps Databox from working here, and how to mend it. Changes nothing. */
import { type Config, loadConfig, type Sources } from '../../base/config.ts';
import { Failure } from '../../base/errors.ts';
import { isBundled } from '../../base/bundle.ts';
import { join } from 'node:path';
import { connectBox } from '../client.ts';
import type { DoctorOptions } from '../options.ts';
import { addressChecks } from './addresses.ts';
import { boxChecks, lookAtBox } from './box.ts';
import { type Check, examine, type Outcome } from './check.ts';
import { clockChecks } from './clock.ts';
import { diskChecks } from './disk.ts';
import { dockerChecks, lookAtDocker } from './docker.ts';
import { hardwareChecks } from './hardware.ts';
import { kernelChecks } from './kernel.ts';
import { limitChecks } from './limits.ts';
import type { Machine } from './machine.ts';
import { portChecks } from './ports.ts';

/** Every check, in the order in which they are printed. */
export function checksOf(machine: Machine, fault?: Failure): Check[] {
  const engine = lookAtDocker(machine);
  const box = lookAtBox(machine);
  return [
    ...boxChecks(fault, box),
    ...dockerChecks(machine, engine),
    ...kernelChecks(machine, engine),
    ...limitChecks(machine),
    ...portChecks(machine),
    ...addressChecks(machine, engine, box),
    ...diskChecks(machine),
    ...clockChecks(machine),
    ...hardwareChecks(machine),
  ];
}

export async function diagnose(sources: Sources, options: DoctorOptions): Promise<Outcome[]> {
  const { config, fault } = settingsOf(sources);
  return examine(checksOf(thisMachine(config, options), fault));
}

/** With settings that are not valid, the rest is looked at with the defaults. */
function settingsOf(sources: Sources): { config: Config; fault?: Failure } {
  try {
    return { config: loadConfig({ env: process.env, ...sources }) };
  } catch (err) {
    if (!(err instanceof Failure)) throw err;
    return { config: loadConfig({}), fault: err };
  }
}

/** The machine that this runs on. */
export function thisMachine(config: Config, { network, checkState, released }: DoctorOptions): Machine {
  const socketPath = join(config['run.dir'], 'databox.sock');
  const script = isBundled() ? [] : [...process.execArgv, process.argv[1] ?? ''];
  return {
    ...{ config, root: '/', env: process.env, isRoot: process.geteuid?.() === 0, isPackaged: isBundled() },
    ...{ arch: process.arch, now: Date.now, releasedAt: Date.parse(released), network, checkState, socketPath },
    program: [process.execPath, ...script],
    box: connectBox(socketPath),
  };
}
