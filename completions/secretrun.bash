# bash completion for secretrun, made by `secretrun completion bash`; after `--` the command's own completion takes over

# Add what `compgen` finds for the current word; line by line, since file names may hold spaces.
_secretrun_reply() {
    local line
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(compgen "$@" -- "$cur")
}

# Readline's own file names know about quotes; without compopt (bash 3.2) compgen has to do.
_secretrun_files() {
    if [[ $1 == -f ]] && compopt -o default 2>/dev/null; then return; fi
    compopt -o filenames 2>/dev/null
    _secretrun_reply "$1"
}

# What secretrun knows here of a kind, and whether any of it fits. Compared, and never expanded.
_secretrun_words() {
    local line
    while IFS= read -r line; do
        if [[ $line == "$cur"* ]]; then COMPREPLY+=("$line"); fi
    done < <(command secretrun __complete "$1" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null </dev/null)
    ((${#COMPREPLY[@]} > 0))
}

_secretrun_reference() {
    compopt -o nospace 2>/dev/null
    _secretrun_reply -W 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://'
}

# The completion of the command that starts at word $1.
_secretrun_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        _secretrun_reply -c
    else
        _secretrun_files -f
    fi
}

_secretrun() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=run start=1 i
    COMPREPLY=()
    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then
        verb=${COMP_WORDS[1]} start=2
    fi
    if [[ $verb == run ]]; then
        for ((i = start; i < COMP_CWORD; i++)); do
            if [[ ${COMP_WORDS[i]} == -- ]]; then
                _secretrun_command $((i + 1))
                return
            fi
        done
    fi
    if [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $cur == = ]]; then
        cur=
    fi
    case "$verb $prev" in
        'run -e' | 'run --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'run -p' | 'run --profile') _secretrun_words profile; return ;;
        'run --from') _secretrun_reference; return ;;
        'run --set' | 'run --timeout' | 'run --cache' | 'run --mask' | 'run --detect-exempt' | 'run --grant' | 'run --watch-interval' | 'run --watch-grace' | 'run --reason') return ;;
        'run --only' | 'run --except' | 'run --show') _secretrun_words name; return ;;
        'run --mask-env' | 'run --pass') _secretrun_reply -e; return ;;
        'run --detect') _secretrun_reply -W 'off warn mask'; return ;;
        'run --tty') _secretrun_reply -W 'auto always never'; return ;;
        'run --egress') _secretrun_reply -W 'deny tunnel'; return ;;
        'run --sandbox') _secretrun_reply -W 'enforce external best-effort'; return ;;
        'run --watch-signal') _secretrun_reply -W 'TERM INT HUP QUIT USR1 USR2'; return ;;
        'run --report' | 'run --audit') _secretrun_files -f; return ;;
        'run --register') _secretrun_reply -W 'auto github gitlab buildkite azure none'; return ;;
        'check -e' | 'check --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'check -p' | 'check --profile') _secretrun_words profile; return ;;
        'check --from') _secretrun_reference; return ;;
        'check --set' | 'check --timeout' | 'check --cache') return ;;
        'check --only' | 'check --except' | 'check --explain') _secretrun_words name; return ;;
        'redact -e' | 'redact --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'redact -p' | 'redact --profile') _secretrun_words profile; return ;;
        'redact --from') _secretrun_reference; return ;;
        'redact --set' | 'redact --timeout' | 'redact --cache' | 'redact --mask' | 'redact --detect-exempt') return ;;
        'redact --only' | 'redact --except' | 'redact --show') _secretrun_words name; return ;;
        'redact --mask-env') _secretrun_reply -e; return ;;
        'redact --detect') _secretrun_reply -W 'off warn mask'; return ;;
        'redact --report') _secretrun_files -f; return ;;
        'read -e' | 'read --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'read -p' | 'read --profile') _secretrun_words profile; return ;;
        'read --from') _secretrun_reference; return ;;
        'read --set' | 'read --timeout' | 'read --cache') return ;;
        'read --only' | 'read --except') _secretrun_words name; return ;;
        'inject -e' | 'inject --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'inject -p' | 'inject --profile') _secretrun_words profile; return ;;
        'inject --from') _secretrun_reference; return ;;
        'inject --set' | 'inject --timeout' | 'inject --cache' | 'inject --file-mode') return ;;
        'inject --only' | 'inject --except') _secretrun_words name; return ;;
        'inject -i' | 'inject --in-file' | 'inject -o' | 'inject --out-file') _secretrun_files -f; return ;;
        'inject --format') _secretrun_reply -W 'dotenv json yaml shell fish docker systemd k8s github-env github-output gitlab-dotenv'; return ;;
        'init --import') _secretrun_files -f; return ;;
        'set --store') _secretrun_words store || _secretrun_files -f; return ;;
        'list --store') _secretrun_words store || _secretrun_files -f; return ;;
        'unset --store') _secretrun_words store || _secretrun_files -f; return ;;
        'rename --store') _secretrun_words store || _secretrun_files -f; return ;;
        'edit --store') _secretrun_words store || _secretrun_files -f; return ;;
        'allow -p' | 'allow --profile') _secretrun_words profile; return ;;
        'allow --set') return ;;
        'member --store') _secretrun_words store || _secretrun_files -f; return ;;
        'rotate --store') _secretrun_words store || _secretrun_files -f; return ;;
        'doctor -e' | 'doctor --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'doctor -p' | 'doctor --profile') _secretrun_words profile; return ;;
        'doctor --from') _secretrun_reference; return ;;
        'doctor --set' | 'doctor --timeout' | 'doctor --cache') return ;;
        'doctor --only' | 'doctor --except') _secretrun_words name; return ;;
        'doctor --agent') _secretrun_reply -W 'claude codex copilot cursor gemini opencode qwen'; return ;;
        'cache --idle') return ;;
        'mcp -e' | 'mcp --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'mcp -p' | 'mcp --profile') _secretrun_words profile; return ;;
        'mcp --from') _secretrun_reference; return ;;
        'mcp --set' | 'mcp --timeout' | 'mcp --cache') return ;;
        'mcp --only' | 'mcp --except') _secretrun_words name; return ;;
        'scan -e' | 'scan --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'scan -p' | 'scan --profile') _secretrun_words profile; return ;;
        'scan --from') _secretrun_reference; return ;;
        'scan --set' | 'scan --timeout' | 'scan --cache' | 'scan --detect-exempt' | 'scan --range') return ;;
        'scan --only' | 'scan --except') _secretrun_words name; return ;;
        'scan --fingerprints' | 'scan --write-fingerprints' | 'scan --sarif') _secretrun_files -f; return ;;
        'hook --scope') _secretrun_reply -W 'user project'; return ;;
        'broker -e' | 'broker --env-file') _secretrun_words template || _secretrun_files -f; return ;;
        'broker -p' | 'broker --profile') _secretrun_words profile; return ;;
        'broker --from') _secretrun_reference; return ;;
        'broker --set' | 'broker --timeout' | 'broker --cache' | 'broker --grant' | 'broker --in' | 'broker --host' | 'broker --method' | 'broker --ttl' | 'broker --uses' | 'broker --listen') return ;;
        'broker --only' | 'broker --except') _secretrun_words name; return ;;
        'broker --egress') _secretrun_reply -W 'deny tunnel'; return ;;
        'broker --path') _secretrun_reply -e; return ;;
    esac
    if ((COMP_CWORD == 1)); then
        if [[ $cur == -* ]]; then
            _secretrun_reply -W '--version -V'
        else
            compopt -o nosort 2>/dev/null
            _secretrun_reply -W 'run check redact mask read inject init set list unset rename edit allow member rotate doctor cache mcp scan hook broker completion help version'
        fi
    fi
    case $verb in
        run) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec --mask --mask-env --show --detect --detect-exempt --paranoid --no-masking --pristine --pass --tty --stdio --broker --grant --egress --sandbox --allow-socket --watch --watch-interval --watch-signal --watch-grace --fail-on-leak --report --register --reason --audit -q --quiet -v --verbose -h --help --'; else _secretrun_reply -W --; fi ;;
        check) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec -q --quiet -v --verbose --json --explain -h --help'; fi ;;
        redact) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec --mask --mask-env --show --detect --detect-exempt --paranoid --fail-on-leak --report -q --quiet -v --verbose --in-place -h --help'; else _secretrun_files -f; fi ;;
        mask) if [[ $cur == -* ]]; then _secretrun_reply -W '-h --help'; fi ;;
        read) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec -q --quiet -v --verbose -n --no-newline -h --help'; else _secretrun_words name; _secretrun_reference; fi ;;
        inject) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec -q --quiet -v --verbose -i --in-file -o --out-file -f --force --file-mode --format -h --help'; fi ;;
        init) if [[ $cur == -* ]]; then _secretrun_reply -W '--import -q --quiet -h --help'; else _secretrun_files -d; fi ;;
        set) if [[ $cur == -* ]]; then _secretrun_reply -W '--store -q --quiet -h --help'; else _secretrun_words stored; fi ;;
        list) if [[ $cur == -* ]]; then _secretrun_reply -W '--store --json -h --help'; fi ;;
        unset) if [[ $cur == -* ]]; then _secretrun_reply -W '--store -q --quiet -h --help'; else _secretrun_words stored; fi ;;
        rename) if [[ $cur == -* ]]; then _secretrun_reply -W '--store -q --quiet -h --help'; else _secretrun_words stored; fi ;;
        edit) if [[ $cur == -* ]]; then _secretrun_reply -W '--store -h --help'; fi ;;
        allow) if [[ $cur == -* ]]; then _secretrun_reply -W '-p --profile --set --list --revoke --print -q --quiet -h --help'; else _secretrun_files -f; fi ;;
        member) if [[ $cur == -* ]]; then _secretrun_reply -W '--store --json -q --quiet -h --help'; else _secretrun_reply -W 'add list remove'; _secretrun_words member; fi ;;
        rotate) if [[ $cur == -* ]]; then _secretrun_reply -W '--store -q --quiet -h --help'; fi ;;
        doctor) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec -q --quiet -v --verbose --all --agent --json -h --help'; fi ;;
        cache) if [[ $cur == -* ]]; then _secretrun_reply -W '--idle --foreground --json -q --quiet -h --help'; else _secretrun_reply -W 'start stop lock unlock status'; fi ;;
        mcp) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec -q --quiet -v --verbose -h --help'; fi ;;
        scan) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec --detect-exempt -q --quiet -v --verbose --staged --range --transcripts --all --tokens --fingerprints --write-fingerprints --sarif --json -h --help'; else _secretrun_files -f; fi ;;
        hook) if [[ $cur == -* ]]; then _secretrun_reply -W '--scope --dry-run -q --quiet -h --help'; else _secretrun_reply -W 'install uninstall claude codex copilot cursor gemini opencode qwen'; fi ;;
        broker) if [[ $cur == -* ]]; then _secretrun_reply -W '-e --env-file -p --profile --from --set --only --except --keep-env --timeout --cache --offline --allow-exec --grant --egress -q --quiet -v --verbose --in --follow --json --host --method --path --ttl --uses --listen -h --help'; else _secretrun_reply -W 'check log attenuate serve'; fi ;;
        completion) if [[ $cur == -* ]]; then _secretrun_reply -W '--install -q --quiet -h --help'; else _secretrun_reply -W 'bash zsh fish'; fi ;;
        help) if [[ $cur == -* ]]; then _secretrun_reply -W '-h --help'; else _secretrun_reply -W 'run check redact mask read inject init set list unset rename edit allow member rotate doctor cache mcp scan hook broker completion help version'; fi ;;
        version) if [[ $cur == -* ]]; then _secretrun_reply -W '-h --help'; fi ;;
    esac
}

complete -F _secretrun secretrun
