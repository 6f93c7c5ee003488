"""The completion script of zsh: an autoloadable `_secretrun` that also works when it is sourced."""

from __future__ import annotations

from secretrun.cli.completion.tree import HEADER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.cli.completion.tree import Argument, VerbWords, Words


def script(words: Words) -> str:
    """The whole script."""
    return TEMPLATE % {
        "header": HEADER.format("zsh"),
        "verbs": "\n".join(f"    {_quoted(f'{verb.name}:{verb.summary}')}" for verb in words.verbs),
        "schemes": " ".join(words.schemes),
        "verb_arguments": "\n".join(_verb(verb) for verb in words.verbs),
    }


def _verb(verb: VerbWords) -> str:
    """One `case` branch: the specs `_arguments` wants."""
    specs = [spec for option in verb.options for spec in _option(option)]
    specs += [
        f"{'*' if positional.repeatable else ''}:{_escaped(positional.value.lower())}:{_action(positional)}"
        for positional in verb.positionals
    ]
    if verb.name == "run":
        specs += ["(-V --version)-V[show the version]", "(-V --version)--version[show the version]"]
        specs += ["*::the command follows:(--)"]
    lines = " \\\n        ".join(_quoted(spec) for spec in specs)
    return f"    {verb.name})\n      _arguments -s -S \\\n        {lines}\n      ;;"


def _option(option: Argument) -> list[str]:
    """A spec for each spelling; one spelling excludes the others unless it may be repeated."""
    specs = []
    for flag in option.flags:
        before = "*" if option.repeatable else f"({' '.join(option.flags)})" if len(option.flags) > 1 else ""
        joint = "" if not option.value else "=" if flag.startswith("--") else "+"
        value = f":{_escaped(option.value.lower())}:{_action(option)}" if option.value else ""
        specs.append(f"{before}{flag}{joint}[{_escaped(option.help)}]{value}")
    return specs


def _action(argument: Argument) -> str:
    if argument.kind == "choice":
        return f"({' '.join(argument.choices)})"
    return {
        "file": "_files",
        "directory": "_files -/",
        "variable": '_parameters -g "*export*"',
        "reference": "_secretrun_reference",
        "name": " _secretrun_words name",
        "name or reference": " _secretrun_words_or_reference name",
        "profile": " _secretrun_words profile",
        "stored": " _secretrun_words stored",
        "member": " _secretrun_words member",
        "template": " _secretrun_words_or_files template",
        "store": " _secretrun_words_or_files store",
    }.get(argument.kind, " ")


def _escaped(text: str) -> str:
    """Text in a spec: `_arguments` gives brackets and colons a meaning."""
    for special in "\\[]:":
        text = text.replace(special, "\\" + special)
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


TEMPLATE = """\
#compdef secretrun
# zsh completion for secretrun, %(header)s

_secretrun_reference() {
  compadd -S '' -- %(schemes)s
}

# What secretrun knows here of a kind, and whether any of it fits.
_secretrun_words() {
  local -a found
  found=(${(f)"$(command secretrun __complete $1 "${(@Q)words[2,CURRENT-1]}" </dev/null 2>/dev/null)"})
  (( $#found )) && compadd -- $found
}

_secretrun_words_or_files() {
  _secretrun_words $1 || _files
}

_secretrun_words_or_reference() {
  local -i any=1
  _secretrun_words $1 && any=0
  _secretrun_reference && any=0
  return any
}

_secretrun_verbs() {
  local -a verbs=(
%(verbs)s
  )
  _describe -V -t verbs verb verbs
}

_secretrun() {
  local curcontext="$curcontext" verb=run
  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
    _secretrun_verbs
    compadd -- --
    return
  fi
  if [[ $words[2] != -* ]]; then
    verb=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  if [[ $verb == run ]]; then
    local -i dashes=${words[(i)--]}
    if (( dashes < CURRENT )); then
      words=("${(@)words[dashes + 1, -1]}")
      (( CURRENT -= dashes ))
      _normal -p secretrun
      return
    fi
  fi
  curcontext="${curcontext%%:*:*}:secretrun-$verb:"
  case $verb in
%(verb_arguments)s
    *) _message "unknown verb $verb" ;;
  esac
}

if [[ $funcstack[1] == _secretrun ]]; then
  _secretrun "$@"
else
  compdef _secretrun secretrun
fi
"""
