/** box — the settings, and the running Databox' own word. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { validate } from '../../base/http.ts';
import { type Check, type Finding, needsRoot, ok, once, problem } from './check.ts';
import type { Machine } from './machine.ts';

const Status = z.looseObject({ version: z.string(), pool: z.string(), problems: z.array(z.string()) });
type Status = z.infer<typeof Status>;
export type BoxLook = () => Promise<Status | Failure>;

const patienceMs = 5_000;

export const lookAtBox = (machine: Machine): BoxLook => once(() => statusOf(machine));
export const boxStatus = async (look: BoxLook): Promise<Status | undefined> => {
  const status = await look();
  return status instanceof Failure ? undefined : status;
};

async function statusOf({ box }: Machine): Promise<Status | Failure> {
  const late = Promise.withResolvers<Failure>();
  const hangs = () => late.resolve(new Failure('databox.running', 'the running Databox does not answer'));
  const timer = setTimeout(hangs, patienceMs);
  try {
    return await Promise.race([box.ask({ path: '/status' }).then((answer) => validate(Status, answer)), late.promise]);
  } catch (err) {
    if (err instanceof Failure) return err;
    throw err;
  } finally {
    clearTimeout(timer);
  }
}

/** @param fault what is wrong with the settings; all else is looked at with the defaults then */
export const boxChecks = (fault: Failure | undefined, look: BoxLook): Check[] => [
  { name: 'databox.settings', look: () => settings(fault) },
  { name: 'databox.status', look: async () => running(await look()) },
];

const settings = (fault: Failure | undefined): Finding =>
  fault?.code === 'user.refused'
    ? needsRoot('the file of settings')
    : fault
      ? problem(fault.code, fault.message, 'Correct it; docs/configuration.md lists every setting, databox config show prints those in force.') // prettier-ignore
      : ok('every setting is valid');

function running(status: Status | Failure): Finding {
  if (!(status instanceof Failure)) {
    if (status.problems.length === 0) return ok(`Databox ${status.version} runs and is healthy`);
    return problem('network.refused', `Databox runs, but: ${status.problems.join('; ')}`, 'See databox status, databox list and its log: sudo journalctl -u databox.'); // prettier-ignore
  }
  if (status.code === 'databox.stopped') return ok('Databox does not run');
  if (status.code === 'user.refused') return needsRoot('whether Databox runs');
  return problem(status.code, status.message, 'Start it again: sudo systemctl restart databox, or end it and run databox start.'); // prettier-ignore
}
