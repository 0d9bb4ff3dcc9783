/** clock — certificates, tokens and every stored value depend on it. */
import { run } from '../../base/run.ts';
import { time } from '../text.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';
import { isThere, type Machine, pathEnv } from './machine.ts';

const yearMs = 365.25 * 24 * 3_600_000;
/** A version is not run for longer than its certificates would last. */
const longestYears = 20;
const synchronise = 'sudo timedatectl set-ntp true (without systemd-timesyncd: sudo apt install chrony)';

export const clockChecks = (machine: Machine): Check[] => [
  { name: 'clock.time', look: () => plausible(machine) },
  { name: 'clock.synchronised', look: () => synchronised(machine) },
];

function plausible({ now, releasedAt }: Machine): Finding {
  const at = now();
  const shown = `the clock says ${new Date(at).getUTCFullYear() <= 9_999 ? `${time(at)} UTC` : 'a year of five digits'}`;
  const advice = `Set it: ${synchronise}, or by hand: sudo date -s 'YYYY-MM-DD HH:MM'.`;
  if (at < releasedAt) return problem('command.failed', `${shown}, before this version was released (${time(releasedAt).slice(0, 10)})`, advice); // prettier-ignore
  if (at > releasedAt + longestYears * yearMs) return problem('command.failed', `${shown}, long after this version was released`, advice); // prettier-ignore
  return ok(shown);
}

/** Asked in turn: systemd-timesyncd's flag, the kernel's own word by timedatectl, chrony. */
async function synchronised(machine: Machine): Promise<Finding> {
  const yes = ok('the clock is synchronised');
  if (await isThere(machine, '/run/systemd/timesync/synchronized')) return yes;
  const say = (file: string, ...argv: string[]) =>
    run(file, argv, { timeoutMs: 4_000, env: pathEnv(machine) }).catch(() => '');
  if ((await say('timedatectl', 'show', '--property=NTPSynchronized', '--value')) === 'yes') return yes;
  if (/^Leap status\s*: (Normal|Insert|Delete)/m.test(await say('chronyc', '-n', 'tracking'))) return yes;
  return warning('nothing says that the clock is synchronised', `Keep it right: ${synchronise}.`);
}
