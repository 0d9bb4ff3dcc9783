/** The command line as data: what its reference, its man page and its completions are printed from. */
import type { Command, Option } from 'commander';

export type Leaf = { /** Such as `databox store get`. */ path: string; command: Command };

/** Commands that do something, in order; a group is only a prefix. Hidden ones serve programs. */
export const leavesOf = (program: Command): Leaf[] => nodesOf(program).filter(({ command }) => !isGroup(command));

/** Every command that a person may type, the program first, each group before its members. */
export function nodesOf(command: Command, before = ''): Leaf[] {
  const path = `${before}${command.name()}`;
  return [{ path, command }, ...commandsOf(command).flatMap((inner) => nodesOf(inner, `${path} `))];
}

export const commandsOf = (command: Command): Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');

const isGroup = (command: Command): boolean => command.commands.length > 0;

/** Options of a command that it shows, without `--help`. */
export const optionsOf = (command: Command): Option[] => command.options.filter(({ hidden }) => !hidden);

/** Options that stand for settings; the rest are the command's own. */
export const isSetting = ({ helpGroupHeading }: Option): boolean => helpGroupHeading !== undefined;

/** A description as a sentence of its own. */
export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
