/** service — makes the box a service of this machine's systemd, and undoes that. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultConfigFile } from '../../base/settings.ts';
import { Failure } from '../../base/errors.ts';
import { facts, lastWords, removeUnit, shown, systemctl, unitFile, unitName, writeFiles } from './machine.ts';
import { isOurs, refusalOf, serviceProgram } from './refusal.ts';
import { unitText } from './unit.ts';

export type Installed = { service: string; unit: string; config: string; createdConfig: boolean; status: string };

/** Images of components that were lost may have to be pulled again before the box is ready. */
const startTimeoutMs = 35 * 60_000;
/** More than the unit's TimeoutStopSec. */
const stopTimeoutMs = 150_000;
const lookMs = 1_000;

/**
 * Writes the unit, has it start with the machine, and starts it now; a running service is started anew.
 * @param report gets what the box says of itself meanwhile
 * @throws Failure as `refusalOf` and `serviceProgram`; `service.failed` when it does not get ready: the unit stays and
 *   systemd goes on trying. Its details: `exitCode` of the box, `journal`, its last lines
 */
export async function installService(report: (message: string) => void): Promise<Installed> {
  const known = facts();
  const refusal = refusalOf(known);
  if (refusal) throw refusal;
  const createdConfig = writeFiles(unitText({ program: serviceProgram(known), config: defaultConfigFile }));
  await systemctl(['daemon-reload']);
  await systemctl(['enable', unitName]);
  await startAnew(report);
  const { status } = await shown();
  return { service: unitName, unit: unitFile, config: defaultConfigFile, createdConfig, status };
}

async function startAnew(report: (message: string) => void): Promise<void> {
  const over = new AbortController();
  const starting = systemctl(['restart', unitName], startTimeoutMs).finally(() => over.abort());
  const watching = follow(over.signal, report);
  try {
    await starting;
  } catch (cause) {
    const { exitCode } = await shown();
    const details = { exitCode, journal: await lastWords() };
    throw new Failure('service.failed', 'Databox was installed, but does not start', details, { cause });
  } finally {
    await watching;
  }
}

/** Reports each new sentence that the box says of itself. */
async function follow(signal: AbortSignal, report: (message: string) => void): Promise<void> {
  let last = '';
  while (!signal.aborted) {
    await sleep(lookMs, undefined, { signal }).catch(() => {});
    const { status } = await shown().catch(() => ({ status: last }));
    if (status !== '' && status !== last) report(status);
    last = status;
  }
}

/**
 * Stops the service and takes the unit away; settings and data stay.
 * @returns false when there was none
 * @throws Failure as `refusalOf`; `service.exists` for a unit that somebody else wrote
 */
export async function uninstallService(): Promise<boolean> {
  const known = facts();
  const refusal = refusalOf(known);
  if (refusal) throw refusal;
  if (known.present === undefined) return false;
  if (!isOurs(known.present)) {
    throw new Failure('service.exists', `${unitFile} was not written by databox: remove it as you made it`);
  }
  await systemctl(['disable', '--now', unitName], stopTimeoutMs);
  removeUnit();
  await systemctl(['daemon-reload']);
  // A unit that failed before is remembered until told otherwise.
  await systemctl(['reset-failed', unitName]).catch(() => {});
  return true;
}
