# Types lines and Tab into an interactive zsh. Arguments: the completion script, a scratch file, lines. Prints a line == and
# the words that were offered, for each.
zmodload zsh/zpty || exit 1
zpty -b inner zsh -f -i
# Waits until the inner shell has written its mark number $1; what it shows meanwhile is not looked at.
await() {
  local shown
  local -i tries
  for (( tries = 0; tries < 400; tries++ )); do
    while zpty -rt inner shown; do :; done
    [[ -e $marks && $(wc -l <$marks) -ge $1 ]] && return
    sleep 0.05
  done
  print -u2 "the shell did not complete; it shows: $shown"
  exit 1
}
marks=$2.marks
# In the inner shell compadd notes the words that match, which is what a person would be shown.
print -r -- 'PROMPT= RPROMPT=; bindkey -e; offered=$2; LISTMAX=10000; stty rows 200 columns 200
autoload -Uz compinit; compinit -u -D; source $1
compadd() {
  if [[ ${@[(I)-O]} -gt 0 || ${@[(I)-A]} -gt 0 || ${@[(I)-D]} -gt 0 ]]; then builtin compadd "$@"; return; fi
  local -a databox_matched; builtin compadd -O databox_matched "$@"; print -rl -- $databox_matched >>$offered
  builtin compadd "$@"
}
mark() { print mark >>$offered.marks }
zle -N mark; bindkey "^X" mark' >$2.rc
zpty -w inner "set -- ${(q)1} ${(q)2}; source ${(q)2}.rc; mark"
await 1
done=1
for line in "${@[3,-1]}"; do
  print '==' >>$2
  zpty -w -n inner $'\x15'"$line"$'\t'
  sleep 0.2
  zpty -w -n inner $'\x18'
  await $(( ++done ))
done
zpty -d inner
cat $2
