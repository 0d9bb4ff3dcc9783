import { type Command, Option } from 'commander';
import { exitCode, Failure } from '../base/errors.ts';
import { reporting } from './command.ts';
import type { CliOptions } from './options.ts';
import { configurable, sourcesOf, withFile } from './settings.ts';

type Trial = { trialOf?: string; trialWith?: string };

/** `doctor` and `test`: what keeps Databox from working on this machine. Neither needs a running Databox. */
export function diagnosisCommands(program: Command, { doctor }: CliOptions): void {
  const checkup = configurable(
    program
      .command('doctor')
      .description('look at this machine and say how to mend what Databox needs; changes nothing'),
  )
    .addOption(new Option('--trial-of <namespace>').hideHelp())
    .addOption(new Option('--trial-with <backend>').hideHelp());
  reporting<Trial>(checkup, async ({ say }, _args, { trialOf: outside, trialWith: backend = '' }) => {
    const { diagnose, exitOf, reportOf, trial } = await import('./doctor/index.ts');
    if (outside !== undefined) return trial(await doctor.network(), { outside, backend });
    const outcomes = await diagnose(withFile(sourcesOf(checkup)), doctor);
    const shown = outcomes.map(({ check, result, found, advice }) => ({ check, result, found, advice }));
    say(shown, () => reportOf(outcomes));
    process.exitCode = exitOf(outcomes);
  });

  const test = configurable(program.command('test').description('try this machine’s way into the internet'));
  test.option('--network', 'addresses, name servers, repositories and the registry');
  reporting<{ network?: true }>(test, async ({ say }, _args, { network }) => {
    if (!network) throw new Failure('usage', 'say what to test: databox test --network');
    const { loadConfig } = await import('../base/config.ts');
    const config = loadConfig({ env: process.env, ...withFile(sourcesOf(test)) });
    const [{ isReached, reach, reachText }, facts] = await Promise.all([import('./reach.ts'), doctor.network()]);
    const found = await reach(config, facts);
    say(found, reachText);
    if (!isReached(found)) process.exitCode = exitCode(new Failure('repository.unreachable', ''));
  });
}
