#compdef rr rr.js
# Completion of rr for zsh. Printed by "rr help --completion zsh".
#
#   source <(rr help --completion zsh)       in ~/.zshrc, after compinit; or print it into
#                                            a file _rr in a folder of $fpath
#
# "node rr.js" is completed, too, if node has no completion of its own and this file was sourced.

_rr_verbs() {
  local -a verbs=(
@VERB_NAMES@
  )
  _describe -t verbs verb verbs
}

# Offers what the records name: runs, labels, tags or notes.
_rr_records() {
  # Values in opt_args have a backslash before each colon and backslash.
  local project=${(Q)${${opt_args[--project]//\\:/:}//\\\\/\\}} line expl
  local -a names shown
  for line in ${(f)"$(command sh -c $_rr_program sh $1 "${(Q)PREFIX}" "${project/#\~\//$HOME/}" 2>/dev/null)"}; do
    names+=("${line%%$'\t'*}")
    shown+=("${line%%$'\t'*}${${line#*$'\t'}:+  -- ${line#*$'\t'}}")
  done
  _wanted -V $1 expl ${1%s} compadd -l -d shown -a names
}

# Offers what any of the kinds names.
_rr_offer() {
  local kind
  local -i status_all=1
  for kind; do
    case $kind in
      file) _files && status_all=0 ;;
      folder) _files -/ && status_all=0 ;;
      verb) _rr_verbs && status_all=0 ;;
      *) _rr_records ${kind}s && status_all=0 ;;
    esac
  done
  # A run can be meant by a file that it made.
  if [[ "$*" == run ]] && (( status_all )); then _files && status_all=0; fi
  return status_all
}

# Completes the command that is to be recorded as any other.
_rr_command() {
  if (( ${whole[(I)--]} )); then _normal; else compadd -- --; fi
}

_rr() {
  local curcontext=$curcontext state state_desc line
  local -a whole
  typeset -A opt_args
  if (( CURRENT == 2 )); then
    if [[ $PREFIX == -* ]]; then
      _arguments '(- *)'{-h,--help}'[explain the verbs]' '(- *)'{-V,--version}'[print the version]'
    else
      _rr_verbs
    fi
    return
  fi
  shift words
  (( CURRENT -= 1 ))
  whole=("${(@)words[1,CURRENT-1]}")
  curcontext="${curcontext%:*:*}:rr-$words[1]:"
  case $words[1] in
@VERBS@
  esac
}

_rr_node() {
  if (( CURRENT > 2 )) && [[ ${words[2]:t} == rr.js ]]; then
    shift words
    (( CURRENT -= 1 ))
    _rr
  else
    _default
  fi
}

# What reads the records is sh, so that rr need not be started.
typeset -g _rr_program=@RECORDS@

if [[ $funcstack[1] == _rr ]]; then
  _rr "$@"
elif (( $+functions[compdef] )); then
  compdef _rr rr rr.js
  (( $+_comps[node] )) || compdef _rr_node node
else
  print -u2 'rr: completion needs compinit: run "autoload -U compinit; compinit" before'
fi
