# Completion of rr for bash 4 or newer, complete in itself. Printed by "rr help --completion bash".
#
#   eval "$(rr help --completion bash)"      in ~/.bashrc
#
# "node rr.js" is completed, too, if node has no completion of its own. For an alias of another name:
#
#   complete -F _rr NAME

_rr_verbs=(@VERB_NAMES@)

# Sets options ("NAME LETTER KIND [*]", "-" where there is none), operands (kinds, the last holds for
# all that follow) and most (operands). A kind is "switch", or kinds joined by "|", or "=" and words.
_rr_know() {
  options=() operands=() most=0
  case $1 in
@VERBS@
    *) return 1 ;;
  esac
  options+=('help h switch')
}

# Sets text: a word of the command line without its quotes; quote: one that it leaves open; opened: what
# stands before that. Nothing in the word is executed or expanded.
_rr_unquote() {
  local rest=$1 first
  text='' quote='' opened=''
  while [[ -n $rest ]]; do
    first=${rest:0:1} rest=${rest:1}
    if [[ $first == \\ && $quote != \' ]]; then
      if [[ $quote == \" && $rest != [\\\"\$\`]* ]]; then text+=\\; fi
      text+=${rest:0:1} rest=${rest:1}
    elif [[ -z $quote && $first == [\"\'] ]]; then
      quote=$first opened=$text
    elif [[ -n $quote && $first == "$quote" ]]; then
      quote=
    else
      text+=$first
    fi
  done
}

# Sets words, up to the cursor and without quotes, and their places: firsts in COMP_WORDS, starts in
# COMP_LINE; current, the last as it stands. Bash takes words apart at "=", ":", "@" and at an open
# quote; stem is what of the last word it will not replace.
_rr_split() {
  local line=${COMP_LINE:0:COMP_POINT} rest gap piece previous='' text opened raw=() i at
  rest=$line words=() firsts=() starts=() stem=
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=${rest%%[![:space:]]*}
    rest=${rest#"$gap"}
    piece=${COMP_WORDS[i]}
    if ((i == COMP_CWORD)); then piece=$rest; fi
    at=$((${#line} - ${#rest}))
    rest=${rest#"$piece"}
    if [[ -z $gap && i -gt 1 && ($previous == [=:@]* || $piece == [=:@]*) ]]; then
      stem=${raw[${#raw[@]} - 1]}
      raw[${#raw[@]} - 1]+=$piece
    else
      stem=
      raw+=("$piece") firsts+=("$i") starts+=("$at")
    fi
    previous=$piece
  done
  if [[ $previous == [=:@]* ]]; then stem+=$previous; fi
  for piece in "${raw[@]}"; do
    _rr_unquote "$piece"
    words+=("$text")
  done
  current=${raw[${#raw[@]} - 1]}
  _rr_unquote "$stem"
  stem=$text
  _rr_unquote "$current"
  if [[ -n $quote ]]; then stem=$opened; fi
}

# Sets option to what is known of --NAME or, with one letter, of -LETTER.
_rr_find() {
  local one
  if [[ $1 == - ]]; then return 1; fi
  for one in "${options[@]}"; do
    read -ra option <<<"$one"
    if [[ ($2 == long && ${option[0]} == "$1") || ($2 == short && ${option[1]} == "$1") ]]; then return 0; fi
  done
  return 1
}

# Takes note of an option; sets pending to the kind of the value that the next word is.
_rr_note() {
  local word=$1 letter
  pending=
  if [[ $word == --* ]]; then
    word=${word#--}
    _rr_find "${word%%=*}" long || return
    used+=" ${option[0]} "
    if [[ $word != *=* && ${option[2]} != switch ]]; then pending=${option[2]}; fi
    if [[ ${option[0]} == project && $word == *=* ]]; then project=${word#*=}; fi
    return
  fi
  for ((word_at = 1; word_at < ${#word}; word_at++)); do
    letter=${word:word_at:1}
    _rr_find "$letter" short || return
    used+=" ${option[0]} "
    if [[ ${option[2]} != switch ]]; then
      if ((word_at == ${#word} - 1)); then pending=${option[2]}; fi
      return
    fi
  done
}

# Offers a candidate that begins as the word; $2 is what stands before it in the same word. It is quoted
# as the word is. (Bash itself would not quote "$" and "`" of what is the name of no file.)
_rr_offer() {
  local whole=$2$1
  if [[ $whole != "$typed"* || $whole != "$stem"* ]]; then return; fi
  whole=${whole#"$stem"}
  case $quote in
    \') whole=${whole//\'/\'\\\'\'} ;;
    \")
      # There is no way to quote it there from what replaces words of history.
      if [[ $whole == *!* ]]; then return; fi
      whole=${whole//\\/\\\\}
      whole=${whole//\"/\\\"}
      whole=${whole//\$/\\\$}
      whole=${whole//\`/\\\`}
      ;;
    *) if [[ $whole == *[!A-Za-z0-9_.,/:@%+=-]* ]]; then printf -v whole %q "$whole"; fi ;;
  esac
  # Bash closes the quote unless the word ends in one.
  if [[ -n $quote && $whole == *"$quote" ]]; then whole+=$quote; fi
  COMPREPLY+=("$whole")
}

_rr_offer_records() {
  local name
  while IFS=$'\t' read -r name _; do
    _rr_offer "$name" "$3"
  done < <(command sh -c "$_rr_records" sh "$1" "$2" "$project" 2>/dev/null)
}

# Names of files; only of folders with $3. For words that bash does not complete by itself.
_rr_offer_files() {
  local name names=() settings
  settings=$(shopt -p nullglob failglob)
  if [[ $- == *f* ]]; then settings+='; set -f'; fi
  set +f
  shopt -s nullglob
  shopt -u failglob
  if [[ -n ${3-} ]]; then names=("$1"*/); else names=("$1"*); fi
  eval "$settings"
  for name in "${names[@]}"; do
    if [[ -d $name ]]; then name=${name%/}/; fi
    _rr_offer "$name" "$2"
  done
  if [[ ${#names[@]} -eq 1 && -d ${names[0]} && ${#COMPREPLY[@]} -eq 1 ]]; then compopt -o nospace; fi
}

# Offers what a kind names. $2: what stands before the value in the same word, such as "--input=".
_rr_offer_kind() {
  local kinds=$1 before=$2 value word
  value=${typed#"$before"}
  # Bash knows best how names of files are quoted, and what ~ and $ mean.
  case $kinds in
    file | folder)
      if [[ $before == "$stem" ]]; then
        if [[ $kinds == file ]]; then compopt -o default; else compopt -o dirnames; fi
        return
      fi
      ;;
  esac
  while [[ -n $kinds ]]; do
    case ${kinds%%|*} in
      =*) for word in ${kinds//[=,]/ }; do _rr_offer "$word" "$before"; done ;;
      verb) for word in "${_rr_verbs[@]}"; do _rr_offer "$word" "$before"; done ;;
      file) if [[ $current == *[\$\`]* || $value == '~'* ]]; then compopt -o default; else _rr_offer_files "$value" "$before"; fi ;;
      folder) _rr_offer_files "$value" "$before" folders ;;
      run) _rr_offer_records runs "$value" "$before" ;;
      label | tag | note) _rr_offer_records "${kinds%%|*}s" "$value" "$before" ;;
    esac
    if [[ $kinds == run && ${#COMPREPLY[@]} -eq 0 ]]; then compopt -o default; fi
    if [[ $kinds != *'|'* ]]; then break; fi
    kinds=${kinds#*|}
  done
}

_rr_offer_options() {
  local one
  for one in "${options[@]}"; do
    read -ra option <<<"$one"
    if [[ $used == *" ${option[0]} "* && ${option[3]-} != '*' ]]; then continue; fi
    _rr_offer "--${option[0]}" ''
    if [[ ${option[1]} != - && $typed == -* ]]; then _rr_offer "-${option[1]}" ''; fi
  done
}

# Completes the command that begins at $1 in COMP_WORDS, $2 in COMP_LINE, as bash would without rr.
_rr_command() {
  local -a rest=("${COMP_WORDS[@]:$1}")
  local line=${COMP_LINE:$2} point=$((COMP_POINT - $2)) at=$((COMP_CWORD - $1))
  local -a COMP_WORDS=("${rest[@]}") spec=()
  local COMP_LINE=$line COMP_POINT=$point COMP_CWORD=$at
  local text quote opened name complete i
  compopt -o bashdefault -o default
  if ((COMP_CWORD == 0)); then
    if [[ $typed != */* ]]; then while read -r name; do _rr_offer "$name" ''; done < <(compgen -c -- "$typed"); fi
    return
  fi
  _rr_unquote "${COMP_WORDS[0]}"
  name=$text
  for _ in 1 2 3; do
    read -ra spec <<<"$(complete -p -- "$name" 2>/dev/null || complete -p -- "${name##*/}" 2>/dev/null || complete -p -D 2>/dev/null)"
    complete=
    for ((i = 1; i < ${#spec[@]}; i++)); do
      if [[ ${spec[i - 1]} == -F ]]; then complete=${spec[i]}; fi
      if [[ ${spec[i - 1]} == -o ]]; then compopt -o "${spec[i]}"; fi
    done
    if [[ -z $complete ]] || ! declare -F -- "$complete" >/dev/null; then return; fi
    "$complete" "$name" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    # 124: it has brought another function for this command, which is to be asked.
    if (($? != 124)); then return; fi
  done
}

# Completes a command line of rr.
_rr() {
  local words firsts starts stem quote current typed used='' pending='' project='' verb
  local options operands most option word_at number=0 ended='' i last IFS=$' \t\n'
  COMPREPLY=()
  _rr_split
  last=$((${#words[@]} - 1))
  typed=${words[last]}
  if ((last == 1)); then
    for i in "${_rr_verbs[@]}"; do _rr_offer "$i" ''; done
    if [[ $typed == -* ]]; then for i in --help -h --version -V; do _rr_offer "$i" ''; done; fi
    return
  fi
  verb=${words[1]}
  _rr_know "$verb" || return
  for ((i = 2; i < last; i++)); do
    if [[ -n $pending ]]; then
      if [[ ${option[0]} == project ]]; then project=${words[i]}; fi
      pending=
    elif [[ -z $ended && ${words[i]} == -- ]]; then
      ended=yes
      if ((most < 0)); then
        _rr_command "${firsts[i + 1]}" "${starts[i + 1]}"
        return
      fi
    elif [[ -z $ended && ${words[i]} == -?* ]]; then
      _rr_note "${words[i]}"
    else
      number=$((number + 1))
    fi
  done
  if [[ ${project:0:2} == \~/ ]]; then project=$HOME/${project:2}; fi
  if [[ ${words[last - 1]} == *[\<\>] ]]; then
    compopt -o default
  elif [[ -n $pending ]]; then
    _rr_offer_kind "$pending" ''
  elif [[ -z $ended && $typed == --*=* ]]; then
    i=${typed%%=*}
    if _rr_find "${i#--}" long && [[ ${option[2]} != switch ]]; then _rr_offer_kind "${option[2]}" "$i="; fi
  elif [[ -z $ended && $typed == -* ]]; then
    _rr_offer_options
    if ((most < 0)); then _rr_offer -- ''; fi
  elif ((number < most)); then
    if ((number >= ${#operands[@]})); then number=$((${#operands[@]} - 1)); fi
    _rr_offer_kind "${operands[number]}" ''
  elif [[ -z $ended ]]; then
    _rr_offer_options
    if ((most < 0)); then _rr_offer -- ''; fi
  fi
}

# Completes "node rr.js ...".
_rr_node() {
  local words firsts starts stem quote current typed
  COMPREPLY=()
  _rr_split
  typed=${words[${#words[@]} - 1]}
  if ((${#words[@]} > 2)) && [[ ${words[1]} == rr.js || ${words[1]} == */rr.js ]]; then _rr_command "${firsts[1]}" "${starts[1]}"; fi
}

# What reads the records is sh, so that rr need not be started.
_rr_records=@RECORDS@

if ((BASH_VERSINFO[0] >= 4)); then
  complete -F _rr rr rr.js
  complete -p node >/dev/null 2>&1 || complete -o bashdefault -o default -F _rr_node node
fi
