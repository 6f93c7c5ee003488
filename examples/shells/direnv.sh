# shellcheck shell=bash
# `use secretrun` for direnv. Put this into ~/.config/direnv/lib/secretrun.sh; a project's .envrc then says
#
#     use secretrun                  with the options of `secretrun inject`, such as: use secretrun --only 'DB_*'
#
# Every program in the directory gets the values, and nothing masks them: see docs/shells.md.
use_secretrun() {
    local exported
    exported=$(secretrun inject --format shell "$@") || {
        log_error "secretrun gave no variables"
        exit 1
    }
    eval "$exported"
    watch_file secretrun.toml .env.secretrun secrets.enc.env
}
