import { packed } from './bash.ts';
import type { Place } from './words.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** `name:what it does`, as _describe takes it. */
const described = (name: string, does: string): string => quoted(`${name.replaceAll(':', '\\:')}:${does}`);

const specOf = ({ path, commands, options, arguments: args, variadic }: Place): string => {
  const valued = options.flatMap(({ names, value }) => (value ? names.map((name) => [name, packed(value)]) : []));
  return [
    `  '${path}')`,
    `    commands=(${commands.map(({ name, does }) => described(name, does)).join(' ')})`,
    `    options=(${options.flatMap(({ names, does }) => names.map((name) => described(name, does))).join(' ')})`,
    `    valued=(${valued.flat().map(quoted).join(' ')})`,
    `    kinds=(${args.map((words) => quoted(packed(words))).join(' ')}) variadic=${variadic ? 1 : 0} ;;`,
  ].join('\n');
};

export const zshCompletion = (places: readonly Place[]): string => `${head}${places.map(specOf).join('\n')}\n${rest}`;

const head = `#compdef databox
# zsh completion of databox, printed by: databox completion zsh

_databox_place() {
  case $1 in
`;

const rest = `  *) return 1 ;;
  esac
}

# A box that is not there, or not ours to ask, has no names.
_databox_words() {
  local -a found
  case $1 in
  @none | '') return ;;
  @file) _files; return ;;
  @dir) _files -/; return ;;
  @offer) _files ;;
  esac
  case $1 in
  @*) found=(\${(f)"$($words[1] complete-names \${1#@} 2>/dev/null)"}) ;;
  *) found=(\${(s:,:)1}) ;;
  esac
  (( $#found )) && compadd -a found
}

_databox() {
  local at=databox before='' word
  local -i i count=1 variadic=0
  local -a commands options kinds
  local -A valued
  _databox_place $at
  for (( i = 2; i < CURRENT; i++ )); do
    word=$words[i]
    if [[ -n $before ]]; then before=''
    elif [[ -n $valued[$word] ]]; then before=$word
    elif [[ $word == -* ]]; then :
    elif (( $commands[(I)$word:*] )); then at+=" $word"; _databox_place $at
    else (( count++ ))
    fi
  done
  if [[ -n $before ]]; then _databox_words $valued[$before]
  elif [[ $PREFIX == --*=* ]]; then word=\${PREFIX%%=*}; compset -P '*='; _databox_words $valued[$word]
  elif [[ $PREFIX == -* ]]; then _describe -o option options
  elif (( $#commands )); then _describe command commands
  else
    (( variadic && count > $#kinds )) && count=$#kinds
    _databox_words "$kinds[count]"
  fi
}

if [[ $funcstack[1] == _databox ]]; then _databox "$@"; else compdef _databox databox; fi
`;
