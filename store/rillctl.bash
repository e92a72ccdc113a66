# Completion of rillctl's command line, for bash.  bash-completion loads it.

_rillctl_commands='status cluster step-down forget scavenge verify backup restore'
_rillctl_commands+=' export import user'
_rillctl_user_commands='list add passwd disable enable delete'
_rillctl_options='--config --name --group --stream --full --to --help'
_rillctl_options+=' --version'

# The words of the command so far, without options and their values.
_rillctl_arguments() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --config | --name | --group | --stream | --to) i=$((i + 1)) ;;
        -*) ;;
        *) printf '%s ' "${COMP_WORDS[i]}" ;;
        esac
    done
}

_rillctl_words() { # WORDS
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_rillctl_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null || true
}

_rillctl() {
    local current=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]}

    COMPREPLY=()
    case $before in
    --config | --to)
        _rillctl_files
        return
        ;;
    --name | --group | --stream) return ;;
    esac
    if [[ $current == -* ]]; then
        _rillctl_words "$_rillctl_options"
        return
    fi
    case $(_rillctl_arguments) in
    '') _rillctl_words "$_rillctl_commands" ;;
    'user ') _rillctl_words "$_rillctl_user_commands" ;;
    'backup ' | 'restore ' | 'export ' | 'import ') _rillctl_files ;;
    esac
    return 0
}

complete -F _rillctl rillctl
