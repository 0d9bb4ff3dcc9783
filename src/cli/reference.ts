import type { Command } from 'commander';
import { failures } from '../base/errors.ts';

/** sysexits.h, in words. */
const meanings: Record<number, string> = {
  0: 'done',
  1: 'you said no',
  64: 'the command line was not understood',
  65: 'what was given is not valid',
  66: 'there is no such thing',
  69: 'something that is needed does not answer, Databox included',
  70: 'a defect of Databox',
  71: 'the system refused',
  73: 'it exists already',
  74: 'the disk is full or broken',
  75: 'not now; try again',
  77: 'not permitted',
  78: 'the configuration is not valid',
};

/** docs/cli.md: every command with its options, and what exit codes mean. */
export function cliReference(program: Command): string {
  const commands = program.commands.flatMap((command) => leaves(command, program.name()));
  return [
    '# Command line',
    '',
    program.description(),
    '',
    'All but `start`, `dev`, `config`, `doctor`, `test`, `service`, `state` and `version` speak to the running Databox over its\nadmin socket and need root; `service` needs root too, and `doctor` looks at more as root.',
    'With `--json` they print JSON on standard output, and a failure as a problem object on standard error.',
    '',
    ...commands.flatMap(section),
    '## Exit codes',
    '',
    '| code | meaning | failures |',
    '|---|---|---|',
    ...Object.entries(meanings).map(([exit, meaning]) => `| ${exit} | ${meaning} | ${failuresOf(Number(exit))} |`),
    '',
  ].join('\n');
}

type Leaf = { path: string; command: Command };

/** Commands that do something; a group is only a prefix. */
function leaves(command: Command, before: string): Leaf[] {
  const path = `${before} ${command.name()}`;
  if (command.name() === 'help') return [];
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((inner) => leaves(inner, path));
}

function section({ path, command }: Leaf): string[] {
  const all = command.options.filter(({ hidden }) => !hidden);
  const own = all.filter(({ helpGroupHeading }) => helpGroupHeading === undefined);
  const options = own.map(({ flags, description }) => `| \`${cell(flags)}\` | ${cell(description)} |`);
  const settings =
    own.length < all.length ? ['Every setting of [configuration.md](configuration.md) is an option too.', ''] : [];
  return [
    `## ${path}`,
    '',
    sentence(command.description()),
    '',
    ...['```', `${path} ${command.usage()}`, '```', ''],
    ...(options.length > 0 ? ['| option | does |', '|---|---|', ...options, ''] : []),
    ...settings,
  ];
}

const failuresOf = (exit: number): string =>
  Object.entries(failures)
    .filter(([, failure]) => failure.exit === exit)
    .map(([code]) => `\`${code}\``)
    .join(', ');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
