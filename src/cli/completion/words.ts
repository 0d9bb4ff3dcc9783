/** What may stand where on the command line, for the shells. Pure. */
import type { Argument, Command, Option } from 'commander';
import { commandsOf, nodesOf, optionsOf } from '../tree.ts';

/** Words that are asked of the running box, or of the file system, when somebody presses Tab. */
export type Kind = 'component' | 'store' | 'offer' | 'file' | 'dir' | 'none';
/** Fixed words, or a kind. */
export type Words = readonly string[] | Kind;

export type Place = {
  /** Such as `databox store get`. */
  path: string;
  commands: { name: string; does: string }[];
  /** `value` absent: the option takes none. */
  options: { names: string[]; does: string; value?: Words }[];
  /** By position. */
  arguments: Words[];
  /** Whether the last argument may come again. */
  variadic: boolean;
};

export const placesOf = (program: Command): Place[] =>
  nodesOf(program).map(({ path, command }) => placeOf(path, command));

function placeOf(path: string, command: Command): Place {
  const help = { names: ['-h', '--help'], does: 'display help for command' };
  return {
    path,
    commands: commandsOf(command).map((inner) => ({ name: inner.name(), does: inner.description() })),
    options: [...optionsOf(command).map(optionOf), help],
    arguments: command.registeredArguments.map((argument) => argumentOf(path, argument)),
    variadic: command.registeredArguments.at(-1)?.variadic ?? false,
  };
}

function optionOf(option: Option): Place['options'][number] {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takes = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  // A value that may be left out is not waited for.
  if (takes === undefined || option.optional) return { names, does: option.description };
  return { names, does: option.description, value: option.argChoices ?? kindOf(takes, option.long ?? '') };
}

const argumentOf = (path: string, argument: Argument): Words =>
  argument.argChoices ?? (path === 'databox install' ? 'offer' : kindOf(argument.name(), ''));

/** @param takes the word between brackets; @param long the option's name, `''` for an argument */
function kindOf(takes: string, long: string): Kind {
  if (takes === 'component' || long === '--component' || (takes === 'name' && long === '')) return 'component';
  if (takes === 'store') return 'store';
  if (takes === 'file' || /-file$/.test(long)) return 'file';
  return takes === 'dir' || /-dir$/.test(long) ? 'dir' : 'none';
}
