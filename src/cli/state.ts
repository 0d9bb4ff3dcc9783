import type { Command } from 'commander';
import { reporting } from './command.ts';
import { type CliOptions, stateActions, type StateAction } from './options.ts';
import { configurable, sourcesOf } from './settings.ts';

/** `state …`: what an update asks of the files, mostly while Databox does not run. */
export function stateCommands(program: Command, { state }: CliOptions): void {
  const group = program.command('state').description('the files of Databox around an update');
  for (const action of Object.keys(stateActions) as StateAction[]) {
    const command = configurable(group.command(action).description(stateActions[action].doc));
    reporting(command, async ({ say }) => {
      const files = await state(action, sourcesOf(command));
      say({ files }, () => (files.length > 0 ? `${files.join('\n')}\n` : stateActions[action].nothing));
    });
  }
}
