/** The manual page databox(1), in the macros of man(7). */
import type { Command, Option } from 'commander';
import { examplesOf, groupNames, groupOf } from './examples.ts';
import { meanings } from './reference.ts';
import { isSetting, leavesOf, optionsOf, sentence, type Leaf } from './tree.ts';

/** @param version of Databox, for the foot of the page */
export function manPage(program: Command, version: string): string {
  const leaves = leavesOf(program);
  const settings = leaves.flatMap(({ command }) => optionsOf(command).filter(isSetting));
  const unique = [...new Map(settings.map((option) => [option.flags, option])).values()];
  return [
    `.TH DATABOX 1 "" "Databox ${text(version)}" "Databox"`,
    ...['.SH NAME', 'databox \\- a personal data platform'],
    ...['.SH SYNOPSIS', '.B databox', '.I command', '.RI [ options ]'],
    ...['.SH DESCRIPTION', ...paragraphs(program.description())],
    ...groupNames.flatMap((group) => [
      `.SH ${group.replace(/:$/, '').toUpperCase()} COMMANDS`,
      ...leaves.filter(({ path }) => groupOf(path.split(' ')[1] ?? '') === group).flatMap(commandSection),
    ]),
    ...[
      '.SH SETTINGS',
      ...filled('What start, dev and config show take, each also from the environment and the file.'),
    ],
    ...unique.flatMap(optionLines),
    ...[
      '.SH EXIT STATUS',
      ...Object.entries(meanings).flatMap(([code, does]) => ['.TP', `.B ${code}`, ...filled(does)]),
    ],
    ...['.SH FILES', ...Object.entries(files).flatMap(([file, does]) => ['.TP', `.I ${text(file)}`, ...filled(does)])],
    '',
  ].join('\n');
}

const paragraphs = (first: string): string[] => [
  ...filled(first),
  '.PP',
  ...filled('Commands that speak to the running Databox do so over its admin socket and need root.'),
  ...filled('With --json they print JSON on standard output, and a failure as a problem object on standard error.'),
];

const files = {
  '/etc/databox/config.json': 'settings, where --config and DATABOX_CONFIG name no other file',
  '/var/lib/databox': 'databases, certificates, stores and repositories',
  '/run/databox/databox.sock': 'the admin socket',
};

function commandSection({ path, command }: Leaf): string[] {
  const own = optionsOf(command).filter((option) => !isSetting(option));
  const examples = examplesOf(path).flatMap(([line, does]) => ['.TP', `.B ${text(line)}`, ...filled(does)]);
  return [
    `.SS ${text(`${path} ${command.usage()}`)}`,
    ...filled(sentence(command.description())),
    ...own.flatMap(optionLines),
    ...(examples.length > 0 ? ['.PP', 'Examples:', ...examples] : []),
  ];
}

const optionLines = ({ flags, description }: Option): string[] => ['.TP', `.B ${text(flags)}`, ...filled(description)];

/** Text as troff takes it literally: no escape, no request, no hyphen where a minus is meant, ASCII only. */
function text(words: string): string {
  const literal = words.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('\n', ' ');
  const ascii = [...literal].map((letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return code < 128 ? letter : `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
  return ascii.join('').replace(/^(?=['.])/, '\\&');
}

/** Running text in lines short enough for every tool that reads the page. */
const filled = (words: string): string[] =>
  words
    .split(/\s+/)
    .map(text)
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last === undefined || last.length + word.length > 76) return [...lines, word];
      return [...lines.slice(0, -1), `${last} ${word}`];
    }, []);
