# fish completion for secretrun, made by `secretrun completion fish`; after `--` the command's own completion takes over

# Whether no word stands before the one being typed.
function __secretrun_first
    test (count (commandline -opc)) -eq 1
end

# Whether the words belong to this verb, and for run: not yet to the command.
function __secretrun_in --argument-names verb
    set -l words (commandline -opc)
    set -e words[1]
    set -l named run
    if set -q words[1]; and not string match -q -- '-*' $words[1]
        set named $words[1]
    end
    test $named = $verb; or return
    test $verb != run; or not contains -- -- $words
end

# Whether the command has begun.
function __secretrun_at_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    test $at = 2; or test $words[2] = run; or string match -q -- '-*' $words[2]
end

function __secretrun_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -e words[1..$at]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

# What secretrun knows here of a kind.
function __secretrun_words --argument-names kind
    set -l words (commandline -opc)
    set -e words[1]
    command secretrun __complete $kind $words </dev/null 2>/dev/null
end

# The same, and files where none of it fits.
function __secretrun_words_or_files --argument-names kind
    set -l typed (string replace -r '^--[a-z-]+=' '' -- (commandline -ct))
    set -l start '^'(string escape --style=regex -- "$typed")
    set -l found (__secretrun_words $kind | string match -r -- "$start.*")
    if set -q found[1]
        string join \n -- $found
    else
        __fish_complete_path "$typed"
    end
end

complete -c secretrun -f
complete -c secretrun -n __secretrun_at_command -a '(__secretrun_command)'
complete -c secretrun -n __secretrun_first -s V -l version -d 'show the version'
complete -c secretrun -n __secretrun_first -k -a version -d 'print the version'
complete -c secretrun -n __secretrun_first -k -a help -d 'explain a verb'
complete -c secretrun -n __secretrun_first -k -a completion -d 'print the completion script of a shell'
complete -c secretrun -n __secretrun_first -k -a broker -d 'explain, watch, narrow or serve what --broker lets out'
complete -c secretrun -n __secretrun_first -k -a hook -d 'set a coding agent up, and answer its events'
complete -c secretrun -n __secretrun_first -k -a scan -d 'find values in files, git or agents\' transcripts'
complete -c secretrun -n __secretrun_first -k -a mcp -d 'tell an agent names, status and policy, never values'
complete -c secretrun -n __secretrun_first -k -a cache -d 'remember values in memory, as ssh-agent does keys'
complete -c secretrun -n __secretrun_first -k -a doctor -d 'say what works, and how to mend the rest'
complete -c secretrun -n __secretrun_first -k -a rotate -d 'encrypt the store with a new data key'
complete -c secretrun -n __secretrun_first -k -a member -d 'let somebody open the store, or no longer'
complete -c secretrun -n __secretrun_first -k -a allow -d 'agree to what the project\'s files reach, once'
complete -c secretrun -n __secretrun_first -k -a edit -d 'edit the store in your editor'
complete -c secretrun -n __secretrun_first -k -a rename -d 'give a value of the store another name'
complete -c secretrun -n __secretrun_first -k -a unset -d 'take one value out of the store'
complete -c secretrun -n __secretrun_first -k -a list -d 'print the names in the store'
complete -c secretrun -n __secretrun_first -k -a set -d 'put one value into the store'
complete -c secretrun -n __secretrun_first -k -a init -d 'start a SOPS + age store beside a template'
complete -c secretrun -n __secretrun_first -k -a inject -d 'fill a file template, or write the variables in another format'
complete -c secretrun -n __secretrun_first -k -a read -d 'print one value (also: get)'
complete -c secretrun -n __secretrun_first -k -a mask -d 'in the command: mask a value that it got at run time'
complete -c secretrun -n __secretrun_first -k -a redact -d 'mask stdin or files with the same secrets'
complete -c secretrun -n __secretrun_first -k -a check -d 'resolve everything; show names and sources, never values'
complete -c secretrun -n __secretrun_first -k -a run -d 'run a command with secrets, its output masked (the default)'

complete -c secretrun -n '__secretrun_in run' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in run' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in run' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in run' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in run' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in run' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in run' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in run' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in run' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in run' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in run' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in run' -l mask -r -f -d 'the text shown instead of a secret (default: [REDACTED:{name}])'
complete -c secretrun -n '__secretrun_in run' -l mask-env -r -f -a '(set -nx)' -d 'also mask the values of these inherited variables'
complete -c secretrun -n '__secretrun_in run' -l show -r -f -a '(__secretrun_words name)' -d 'leave the values of these variables unmasked'
complete -c secretrun -n '__secretrun_in run' -l detect -r -f -a 'off warn mask' -d 'tokens nobody told us of, by their shape: off, warn, or mask (the default below a coding agent)'
complete -c secretrun -n '__secretrun_in run' -l detect-exempt -r -f -d 'what looks like a token and is none, as its SHA-256 in hex'
complete -c secretrun -n '__secretrun_in run' -l paranoid -d 'also mask fragments of 12 bytes and more'
complete -c secretrun -n '__secretrun_in run' -l no-masking -d 'run the command unmasked'
complete -c secretrun -n '__secretrun_in run' -l pristine -d 'start from a minimal environment (PATH, HOME, TERM and the like)'
complete -c secretrun -n '__secretrun_in run' -l pass -r -f -a '(set -nx)' -d 'pass these variables in spite of --pristine or sign-in stripping'
complete -c secretrun -n '__secretrun_in run' -l tty -r -f -a 'auto always never' -d 'give the command a terminal: auto, always or never'
complete -c secretrun -n '__secretrun_in run' -l stdio -d 'JSON-RPC on stdout: mask inside JSON strings, never a terminal'
complete -c secretrun -n '__secretrun_in run' -l broker -d 'give the command placeholders; a local proxy puts the secrets into requests that a rule allows'
complete -c secretrun -n '__secretrun_in run' -l grant -r -f -d 'allow one use of a secret, as if secretrun.toml did (implies --broker)'
complete -c secretrun -n '__secretrun_in run' -l egress -r -f -a 'deny tunnel' -d 'with --broker, hosts without a rule: deny (default), or tunnel, unread'
complete -c secretrun -n '__secretrun_in run' -l sandbox -r -f -a 'enforce external best-effort' -d 'confine the command, the broker its only way out (implies --broker); external: something else confines it; best-effort: without a sandbox where there can be none'
complete -c secretrun -n '__secretrun_in run' -l allow-socket -d 'in the sandbox, allow sockets of the file system (AF_UNIX), as tmux needs them'
complete -c secretrun -n '__secretrun_in run' -l watch -d 'start the command again when a store\'s value has changed'
complete -c secretrun -n '__secretrun_in run' -l watch-interval -r -f -d 'how often --watch asks the stores (default: 30s)'
complete -c secretrun -n '__secretrun_in run' -l watch-signal -r -f -a 'TERM INT HUP QUIT USR1 USR2' -d 'what ends the command before --watch starts it again (default: TERM)'
complete -c secretrun -n '__secretrun_in run' -l watch-grace -r -f -d 'how long it has to end before it is killed (default: 10s)'
complete -c secretrun -n '__secretrun_in run' -l fail-on-leak -d 'exit 125 when the command succeeded but something had to be masked'
complete -c secretrun -n '__secretrun_in run' -l report -r -F -d 'write counts of what was masked as JSON, never values'
complete -c secretrun -n '__secretrun_in run' -l register -r -f -a 'auto github gitlab buildkite azure none' -d 'tell the CI runner every value, so that the steps after mask them too (default: none)'
complete -c secretrun -n '__secretrun_in run' -l reason -r -f -d 'why this is run, for the audit log'
complete -c secretrun -n '__secretrun_in run' -l audit -r -F -d 'append names, references and outcome as a JSON line'
complete -c secretrun -n '__secretrun_in run' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in run' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in run' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in run' -a -- -d 'the command follows'

complete -c secretrun -n '__secretrun_in check' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in check' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in check' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in check' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in check' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in check' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in check' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in check' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in check' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in check' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in check' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in check' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in check' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in check' -l json -d 'print JSON for programs'
complete -c secretrun -n '__secretrun_in check' -l explain -r -f -a '(__secretrun_words name)' -d 'say where one variable and each setting come from'
complete -c secretrun -n '__secretrun_in check' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in redact' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in redact' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in redact' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in redact' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in redact' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in redact' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in redact' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in redact' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in redact' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in redact' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in redact' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in redact' -l mask -r -f -d 'the text shown instead of a secret (default: [REDACTED:{name}])'
complete -c secretrun -n '__secretrun_in redact' -l mask-env -r -f -a '(set -nx)' -d 'also mask the values of these inherited variables'
complete -c secretrun -n '__secretrun_in redact' -l show -r -f -a '(__secretrun_words name)' -d 'leave the values of these variables unmasked'
complete -c secretrun -n '__secretrun_in redact' -l detect -r -f -a 'off warn mask' -d 'tokens nobody told us of, by their shape: off, warn, or mask (the default below a coding agent)'
complete -c secretrun -n '__secretrun_in redact' -l detect-exempt -r -f -d 'what looks like a token and is none, as its SHA-256 in hex'
complete -c secretrun -n '__secretrun_in redact' -l paranoid -d 'also mask fragments of 12 bytes and more'
complete -c secretrun -n '__secretrun_in redact' -l fail-on-leak -d 'exit 125 when the command succeeded but something had to be masked'
complete -c secretrun -n '__secretrun_in redact' -l report -r -F -d 'write counts of what was masked as JSON, never values'
complete -c secretrun -n '__secretrun_in redact' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in redact' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in redact' -l in-place -d 'replace the files by their masked content'
complete -c secretrun -n '__secretrun_in redact' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in redact' -F

complete -c secretrun -n '__secretrun_in mask' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in read' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in read' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in read' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in read' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in read' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in read' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in read' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in read' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in read' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in read' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in read' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in read' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in read' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in read' -s n -l no-newline -d 'print no newline after the value'
complete -c secretrun -n '__secretrun_in read' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in read' -f -a '(__secretrun_words name) age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://'

complete -c secretrun -n '__secretrun_in inject' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in inject' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in inject' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in inject' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in inject' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in inject' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in inject' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in inject' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in inject' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in inject' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in inject' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in inject' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in inject' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in inject' -s i -l in-file -r -F -d 'the file template to fill, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in inject' -s o -l out-file -r -F -d 'write here (mode 0600, atomic)'
complete -c secretrun -n '__secretrun_in inject' -s f -l force -d 'replace the output file if it exists'
complete -c secretrun -n '__secretrun_in inject' -l file-mode -r -f -d 'its permissions (default: 0600)'
complete -c secretrun -n '__secretrun_in inject' -l format -r -f -a 'dotenv json yaml shell fish docker systemd k8s github-env github-output gitlab-dotenv' -d 'without -i: write the env template\'s variables in this format (default: dotenv): dotenv, json, yaml, shell, fish, docker, systemd, k8s, github-env, github-output, gitlab-dotenv'
complete -c secretrun -n '__secretrun_in inject' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in init' -l import -r -F -d 'move in the values of this file'
complete -c secretrun -n '__secretrun_in init' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in init' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in init' -f -a '(__fish_complete_directories)'

complete -c secretrun -n '__secretrun_in set' -l store -r -f -a '(__secretrun_words_or_files store)' -d 'the store (default: the nearest secrets.enc.env)'
complete -c secretrun -n '__secretrun_in set' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in set' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in set' -f -a '(__secretrun_words stored)'

complete -c secretrun -n '__secretrun_in list' -l store -r -f -a '(__secretrun_words_or_files store)' -d 'the store (default: the nearest secrets.enc.env)'
complete -c secretrun -n '__secretrun_in list' -l json -d 'print JSON for programs'
complete -c secretrun -n '__secretrun_in list' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in unset' -l store -r -f -a '(__secretrun_words_or_files store)' -d 'the store (default: the nearest secrets.enc.env)'
complete -c secretrun -n '__secretrun_in unset' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in unset' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in unset' -f -a '(__secretrun_words stored)'

complete -c secretrun -n '__secretrun_in rename' -l store -r -f -a '(__secretrun_words_or_files store)' -d 'the store (default: the nearest secrets.enc.env)'
complete -c secretrun -n '__secretrun_in rename' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in rename' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in rename' -f -a '(__secretrun_words stored)'

complete -c secretrun -n '__secretrun_in edit' -l store -r -f -a '(__secretrun_words_or_files store)' -d 'the store (default: the nearest secrets.enc.env)'
complete -c secretrun -n '__secretrun_in edit' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in allow' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in allow' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in allow' -l list -d 'list what is agreed to'
complete -c secretrun -n '__secretrun_in allow' -l revoke -d 'forget the agreement'
complete -c secretrun -n '__secretrun_in allow' -l print -d 'print the digest, for SECRETRUN_ALLOW'
complete -c secretrun -n '__secretrun_in allow' -s q -l quiet -d 'say nothing but what is asked and errors'
complete -c secretrun -n '__secretrun_in allow' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in allow' -F

complete -c secretrun -n '__secretrun_in member' -l store -r -f -a '(__secretrun_words_or_files store)' -d 'the store (default: the nearest secrets.enc.env)'
complete -c secretrun -n '__secretrun_in member' -l json -d 'list: print JSON for programs'
complete -c secretrun -n '__secretrun_in member' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in member' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in member' -f -a 'add list remove'
complete -c secretrun -n '__secretrun_in member' -f -a '(__secretrun_words member)'

complete -c secretrun -n '__secretrun_in rotate' -l store -r -f -a '(__secretrun_words_or_files store)' -d 'the store (default: the nearest secrets.enc.env)'
complete -c secretrun -n '__secretrun_in rotate' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in rotate' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in doctor' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in doctor' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in doctor' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in doctor' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in doctor' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in doctor' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in doctor' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in doctor' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in doctor' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in doctor' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in doctor' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in doctor' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in doctor' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in doctor' -l all -d 'ask the stores that are not used here, too'
complete -c secretrun -n '__secretrun_in doctor' -l agent -r -f -a 'claude codex copilot cursor gemini opencode qwen' -d 'look at this coding agent'
complete -c secretrun -n '__secretrun_in doctor' -l json -d 'print JSON for programs'
complete -c secretrun -n '__secretrun_in doctor' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in cache' -l idle -r -f -d 'start: end after this long without a request (default: 8h)'
complete -c secretrun -n '__secretrun_in cache' -l foreground -d 'start: stay in the foreground'
complete -c secretrun -n '__secretrun_in cache' -l json -d 'status: print JSON for programs'
complete -c secretrun -n '__secretrun_in cache' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in cache' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in cache' -f -a 'start stop lock unlock status'

complete -c secretrun -n '__secretrun_in mcp' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in mcp' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in mcp' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in mcp' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in mcp' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in mcp' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in mcp' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in mcp' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in mcp' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in mcp' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in mcp' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in mcp' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in mcp' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in mcp' -s h -l help -d 'show this help'

complete -c secretrun -n '__secretrun_in scan' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in scan' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in scan' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in scan' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in scan' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in scan' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in scan' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in scan' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in scan' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in scan' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in scan' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in scan' -l detect-exempt -r -f -d 'what looks like a token and is none, as its SHA-256 in hex'
complete -c secretrun -n '__secretrun_in scan' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in scan' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in scan' -l staged -d 'what is staged in git, for a pre-commit hook'
complete -c secretrun -n '__secretrun_in scan' -l range -r -f -d 'what these commits added, their messages too'
complete -c secretrun -n '__secretrun_in scan' -l transcripts -d 'what coding agents and shells keep of this user'
complete -c secretrun -n '__secretrun_in scan' -l all -d 'files too that git ignores'
complete -c secretrun -n '__secretrun_in scan' -l tokens -d 'also tokens nobody told us of, by their shape'
complete -c secretrun -n '__secretrun_in scan' -l fingerprints -r -F -d 'look for these, without the values (needs SECRETRUN_SCAN_KEY)'
complete -c secretrun -n '__secretrun_in scan' -l write-fingerprints -r -F -d 'write the fingerprints of the values here'
complete -c secretrun -n '__secretrun_in scan' -l sarif -r -F -d 'write the finds as SARIF, \'-\' is stdout'
complete -c secretrun -n '__secretrun_in scan' -l json -d 'print JSON for programs'
complete -c secretrun -n '__secretrun_in scan' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in scan' -F

complete -c secretrun -n '__secretrun_in hook' -l scope -r -f -a 'user project' -d 'install: for you everywhere (default), or for this project only'
complete -c secretrun -n '__secretrun_in hook' -l dry-run -d 'install: show what would change, and change nothing'
complete -c secretrun -n '__secretrun_in hook' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in hook' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in hook' -f -a 'install uninstall claude codex copilot cursor gemini opencode qwen'

complete -c secretrun -n '__secretrun_in broker' -s e -l env-file -r -f -a '(__secretrun_words_or_files template)' -d 'read this env template; may be repeated, later ones win, \'-\' is stdin'
complete -c secretrun -n '__secretrun_in broker' -s p -l profile -r -f -a '(__secretrun_words profile)' -d 'use [profile.NAME] of secretrun.toml; may be repeated'
complete -c secretrun -n '__secretrun_in broker' -l from -r -f -a 'age:// aws-sm:// aws-ssm:// azure-kv:// bw:// bws:// doppler:// env:// exec:// file:// gcp-sm:// gopass:// gpg:// httpjson:// infisical:// k8s:// keepassxc:// keyring:// op:// pass:// sops:// summon:// systemd-creds:// vault://' -d 'import every key of a store, such as sops://secrets.yaml'
complete -c secretrun -n '__secretrun_in broker' -l set -r -f -d 'set one variable to a text or a reference'
complete -c secretrun -n '__secretrun_in broker' -l only -r -f -a '(__secretrun_words name)' -d 'of the secrets, give the command these alone'
complete -c secretrun -n '__secretrun_in broker' -l except -r -f -a '(__secretrun_words name)' -d 'give the command none of these variables'
complete -c secretrun -n '__secretrun_in broker' -l keep-env -d 'the inherited environment wins over the template'
complete -c secretrun -n '__secretrun_in broker' -l timeout -r -f -d 'seconds each store may take (default: 60)'
complete -c secretrun -n '__secretrun_in broker' -l cache -r -f -d 'let the running cache remember values for this long, such as 10m'
complete -c secretrun -n '__secretrun_in broker' -l offline -d 'when a store can\'t be reached, use what the cache remembers from before, with a warning'
complete -c secretrun -n '__secretrun_in broker' -l allow-exec -d 'let templates run programs by exec:// references'
complete -c secretrun -n '__secretrun_in broker' -l grant -r -f -d 'allow one use of a secret, as if secretrun.toml did (implies --broker)'
complete -c secretrun -n '__secretrun_in broker' -l egress -r -f -a 'deny tunnel' -d 'with --broker, hosts without a rule: deny (default), or tunnel, unread'
complete -c secretrun -n '__secretrun_in broker' -s q -l quiet -d 'no warnings'
complete -c secretrun -n '__secretrun_in broker' -s v -l verbose -d 'say where each value comes from'
complete -c secretrun -n '__secretrun_in broker' -l in -r -f -d 'check: where the placeholder stands (default: header:authorization); may be repeated'
complete -c secretrun -n '__secretrun_in broker' -l follow -d 'log: wait for more, as tail -f does'
complete -c secretrun -n '__secretrun_in broker' -l json -d 'check, log: print JSON for programs'
complete -c secretrun -n '__secretrun_in broker' -l host -r -f -d 'attenuate: only this host, or *.NAME'
complete -c secretrun -n '__secretrun_in broker' -l method -r -f -d 'attenuate: only these methods, by commas'
complete -c secretrun -n '__secretrun_in broker' -l path -r -f -a '(set -nx)' -d 'attenuate: only these paths, such as /v1/items/**'
complete -c secretrun -n '__secretrun_in broker' -l ttl -r -f -d 'attenuate: for so long, such as 10m'
complete -c secretrun -n '__secretrun_in broker' -l uses -r -f -d 'attenuate: for so many requests of this run'
complete -c secretrun -n '__secretrun_in broker' -l listen -r -f -d 'serve: HOST:PORT or unix:PATH (default: 127.0.0.1, a free port)'
complete -c secretrun -n '__secretrun_in broker' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in broker' -f -a 'check log attenuate serve'

complete -c secretrun -n '__secretrun_in completion' -l install -d 'put it where the shell looks for it, instead of printing it'
complete -c secretrun -n '__secretrun_in completion' -s q -l quiet -d 'say nothing but errors'
complete -c secretrun -n '__secretrun_in completion' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in completion' -f -a 'bash zsh fish'

complete -c secretrun -n '__secretrun_in help' -s h -l help -d 'show this help'
complete -c secretrun -n '__secretrun_in help' -f -a 'run check redact mask read inject init set list unset rename edit allow member rotate doctor cache mcp scan hook broker completion help version'

complete -c secretrun -n '__secretrun_in version' -s h -l help -d 'show this help'
