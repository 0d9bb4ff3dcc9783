import type { Place, Words } from './words.ts';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** What offers these words: nothing for those that fish completes by itself (files) or nobody knows. */
function offering(words: Words): string {
  if (typeof words !== 'string') return ` -a ${quoted(words.join(' '))}`;
  if (words === 'none') return '';
  if (words === 'file') return ` -a '(__fish_complete_path (commandline -ct))'`;
  return words === 'dir' ? ` -a '(__fish_complete_directories (commandline -ct))'` : ` -a '(__databox_names ${words})'`;
}

function linesOf({ path, commands, options, arguments: args, variadic }: Place): string[] {
  const at = (count: string): string => `complete -c databox -f -n ${quoted(`__databox_at ${quoted(path)} ${count}`)}`;
  const flag = (name: string): string => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`);
  return [
    ...commands.map(({ name, does }) => `${at('0')} -a ${name} -d ${quoted(does)}`),
    ...options.map(
      ({ names, does, value }) =>
        `${at("''")} ${names.map(flag).join(' ')} -d ${quoted(does)}${value ? ` -x${offering(value)}` : ''}`,
    ),
    ...args.flatMap((words, index) => {
      const more = variadic && index === args.length - 1 ? '+' : '';
      const lines = words === 'offer' ? [offering('file'), offering(words)] : [offering(words)];
      return lines.filter(Boolean).map((line) => `${at(`${index}${more}`)}${line}`);
    }),
  ];
}

const table = (places: readonly Place[]): string =>
  places
    .map(({ path, commands, options }) => {
      const valued = options.flatMap(({ names, value }) => (value ? names : []));
      return `    case ${quoted(path)}\n      set -g __databox_commands ${commands.map(({ name }) => name).join(' ')}\n      set -g __databox_valued ${valued.join(' ')}`;
    })
    .join('\n');

export const fishCompletion = (places: readonly Place[]): string =>
  `${head}${table(places)}\n${rest}${places.flatMap(linesOf).join('\n')}\n`;

const head = `# fish completion of databox, printed by: databox completion fish

function __databox_place
  switch $argv[1]
`;

const rest = `  end
end

# Whether the words typed so far lead to command $argv[1] and, unless it is empty, to its argument number $argv[2].
function __databox_at
  set -l path databox
  set -l count 0
  set -l before ''
  __databox_place $path
  for word in (commandline -opc)[2..]
    if test -n "$before"
      set before ''
    else if contains -- $word $__databox_valued
      set before $word
    else if string match -q -- '-*' $word
      continue
    else if contains -- $word $__databox_commands
      set path "$path $word"
      __databox_place $path
    else
      set count (math $count + 1)
    end
  end
  test "$path" = $argv[1]; or return 1
  test -z "$argv[2]"; and return 0
  test $count = "$argv[2]"; and return 0
  string match -q '*+' -- $argv[2]; and test $count -ge (string replace '+' '' -- $argv[2])
end

# A box that is not there, or not ours to ask, has no names.
function __databox_names
  set -l words (commandline -opc)
  $words[1] complete-names $argv[1] 2>/dev/null
end

complete -c databox -f
`;
