import type { Command } from 'commander';
import { failures } from '../base/errors.ts';
import { examplesOf } from './examples.ts';
import { isSetting, type Leaf, leavesOf, optionsOf, sentence } from './tree.ts';

/** sysexits.h, in words. */
export const meanings: Record<number, string> = {
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
  130: 'Ctrl-C; what the box had begun, it ends',
};

/** docs/cli.md: every command with its options, and what exit codes mean. */
export function cliReference(program: Command): string {
  return [
    '# Command line',
    '',
    program.description(),
    '',
    'All but `start`, `dev`, `config`, `doctor`, `test`, `service`, `state`, `wipe` and `version` speak to the running Databox over\nits admin socket and need root; `service` and `wipe` need root too, and `doctor` looks at more as root.',
    'With `--json` they print JSON on standard output, and a failure as a problem object on standard error.',
    '',
    ...leavesOf(program).flatMap(section),
    '## Exit codes',
    '',
    '| code | meaning | failures |',
    '|---|---|---|',
    ...Object.entries(meanings).map(([exit, meaning]) => `| ${exit} | ${meaning} | ${failuresOf(Number(exit))} |`),
    '',
  ].join('\n');
}

function section({ path, command }: Leaf): string[] {
  const all = optionsOf(command);
  const own = all.filter((option) => !isSetting(option));
  const options = own.map(({ flags, description }) => `| \`${cell(flags)}\` | ${cell(description)} |`);
  const examples = examplesOf(path).map(([line, does]) => `${line}    # ${does}`);
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
    ...(examples.length > 0 ? ['```', ...examples, '```', ''] : []),
  ];
}

const failuresOf = (exit: number): string =>
  Object.entries(failures)
    .filter(([, failure]) => failure.exit === exit)
    .map(([code]) => `\`${code}\``)
    .join(', ');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
