import type { Place, Words } from './words.ts';

/** One word for a set of words: `@store`, or `json,text`. */
export const packed = (words: Words): string => (typeof words === 'string' ? `@${words}` : words.join(','));
const quoted = (words: readonly string[]): string => `'${words.join(' ').replaceAll("'", `'\\''`)}'`;

const specOf = ({ path, commands, options, arguments: args, variadic }: Place): string =>
  [
    `  '${path}')`,
    `    commands=${quoted(commands.map(({ name }) => name))}`,
    `    options=${quoted(options.flatMap(({ names }) => names))}`,
    `    valued=${quoted(options.flatMap(({ names, value }) => (value ? names.map((name) => `${name}=${packed(value)}`) : [])))}`,
    `    arguments=${quoted(args.map(packed))} variadic=${variadic ? 1 : ''} ;;`,
  ].join('\n');

/** For bash 4.2 and newer, with or without the bash-completion package. */
export const bashCompletion = (places: readonly Place[]): string => `${head}${places.map(specOf).join('\n')}\n${rest}`;

const head = `# bash completion of databox, printed by: databox completion bash

_databox_place() {
  case $1 in
`;

const rest = `  *) return 1 ;;
  esac
}

# Words for one kind that begin with what was typed. A box that is not there, or not ours to ask, has none.
_databox_words() {
  local kind=$1 typed=$2 word
  case $kind in
  @none | '') return ;;
  @file) compopt -o filenames 2>/dev/null; while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$typed"); return ;;
  @dir) compopt -o filenames 2>/dev/null; while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$typed"); return ;;
  @offer) _databox_words @file "$typed" ;;
  esac
  while IFS= read -r word; do
    [[ -n $word && $word == "$typed"* ]] && COMPREPLY+=("$word")
  done < <(case $kind in @*) "\${COMP_WORDS[0]}" complete-names "\${kind#@}" 2>/dev/null ;; *) printf '%s\\n' \${kind//,/ } ;; esac)
}

# The kind of the value that option $1 takes here; 1 when it takes none.
_databox_value() {
  local each
  for each in $valued; do
    [[ \${each%%=*} == "$1" ]] && { kind=\${each#*=}; return; }
  done
  return 1
}

_databox() {
  local typed=\${COMP_WORDS[COMP_CWORD]} before='' path=databox count=0 kind='' i word
  local commands options valued arguments variadic
  COMPREPLY=()
  _databox_place "$path"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $before ]]; then
      # bash takes --option=value apart at the sign.
      [[ $word == = ]] || before=''
    elif _databox_value "$word"; then before=$word
    elif [[ $word == -* ]]; then :
    elif [[ " $commands " == *" $word "* ]]; then path+=" $word"; _databox_place "$path"
    else ((count++))
    fi
  done
  [[ $typed == = ]] && typed=''
  if [[ -n $before ]]; then
    _databox_value "$before" && _databox_words "$kind" "$typed"
  elif [[ $typed == -* ]]; then
    for word in $options; do [[ $word == "$typed"* ]] && COMPREPLY+=("$word"); done
  elif [[ -n $commands ]]; then
    for word in $commands; do [[ $word == "$typed"* ]] && COMPREPLY+=("$word"); done
  else
    local -a kinds=($arguments)
    [[ -n $variadic && $count -ge \${#kinds[@]} ]] && count=$((\${#kinds[@]} - 1))
    _databox_words "\${kinds[count]:-}" "$typed"
  fi
}

complete -F _databox databox
`;
