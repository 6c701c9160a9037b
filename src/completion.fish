# Completion of rr for fish. Printed by "rr help --completion fish".
#
#   rr help --completion fish > ~/.config/fish/completions/rr.fish
#
# An alias of fish is completed as it is. For "node rr.js", print this to ~/.config/fish/conf.d/rr.fish.

# Is the verb still to be written?
function __rr_needs_verb
    test (count (commandline -opc)) -eq 1
end

# Is the verb $argv[1], and may an option of its own follow?
function __rr_in
    set -l words (commandline -opc)
    set -q words[2]; and test "$words[2]" = $argv[1]; and not contains -- -- $words
end

# Can the option --$argv[2] be given, that is -$argv[3] if there is that, and was not yet? The last word
# does not count if it waits for a value that is being written. $argv[4]: letters of the verb's switches.
function __rr_can
    __rr_in $argv[1]; or return
    set -l words (commandline -opc)
    set -e words[1..2]
    set -l names "--$argv[2]"
    set -l more "--$argv[2]=.*"
    if test -n "$argv[3]"
        set names "$names|-[$argv[4]]*$argv[3]"
        set more "$more|-[$argv[4]]*$argv[3].+"
    end
    if set -q argv[5]; and set -q words[1]; and string match -qr -- "^($names)\$" $words[-1]
        set -e words[-1]
    end
    not string match -qr -- "^($names|$more)\$" $words
end

# Is operand $argv[2] to $argv[3], counted from 0, of the verb $argv[1] to be written? $argv[4] matches
# the words that a value follows.
function __rr_at
    set -l words (commandline -opc)
    set -q words[2]; and test "$words[2]" = $argv[1]; or return
    set -e words[1..2]
    set -l number 0
    set -l state options
    for word in $words
        switch $state
            case value
                set state options
            case operands
                set number (math $number + 1)
            case options
                if test "$word" = --
                    set state operands
                else if string match -qr -- $argv[4] $word
                    set state value
                else if not string match -q -- '-?*' $word
                    set number (math $number + 1)
                end
        end
    end
    test $state != value; and test $number -ge $argv[2]; and test $number -le $argv[3]
end

# Is a command being written that rr is to run?
function __rr_in_command
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv; and contains -- -- $words
end

# Completes that command as any other.
function __rr_command
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

# Completes "node rr.js ...".
function __rr_is_script
    string match -qr '(^|/)rr\.js$' -- (commandline -opc)[2]
end
function __rr_script
    set -l words (commandline -opc)
    set -e words[1..2]
    complete -C (string join ' ' -- rr (string escape -- $words) (commandline -ct))
end

# What the records name: runs, labels, tags or notes. Of what begins with "~" fish would make the name of a folder.
function __rr_records
    set -l words (commandline -opc)
    set -l project
    for at in (seq (count $words))
        string match -q -- '--project=*' $words[$at]; and set project (string replace -- --project= '' $words[$at])
        test "$words[$at]" = --project; and set project $words[(math $at + 1)]
    end
    command sh -c $__rr_program sh $argv[1] (commandline -ct) (string replace -r '^~/' "$HOME/" -- "$project") 2>/dev/null | string match -v -- '~*'
end

# Runs; where none begins as the word, files, for a run can be meant by a file that it made.
function __rr_runs
    set -l found (__rr_records runs)
    set -l token (string unescape -- (commandline -ct))
    if string match -qr -- '^'(string escape --style=regex -- "$token") $found
        printf '%s\n' $found
    else
        __fish_complete_path "$token"
    end
end

# What reads the records is sh, so that rr need not be started.
set -g __rr_program @RECORDS@

complete -c rr -e
complete -c rr -f
complete -c rr.js -w rr
complete -c node -n __rr_is_script -f -a '(__rr_script)'
@VERBS@
