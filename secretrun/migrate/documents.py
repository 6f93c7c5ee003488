"""YAML and TOML documents of foreign tools, read with the libraries for them."""

from __future__ import annotations

from secretrun.errors import ConfigError, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from secretrun.migrate.migration import Text


class Tagged:
    """A YAML scalar with its `!tag`, the way summon writes them, and its line from 1."""

    __slots__ = ("line", "tag", "text")

    def __init__(self, tag: str, text: str, line: int) -> None:
        self.tag = tag
        self.text = text
        self.line = line


def yaml(source: Text) -> dict[str, Any]:
    """The mapping of a YAML (or JSON) document; scalars with a tag of their own become `Tagged`.

    Raises:
        ConfigError: for what is no mapping or no YAML; Unavailable: without PyYAML.
    """
    try:
        import yaml as library
    except ImportError:
        raise Unavailable(
            f"{source.path}: reading YAML needs PyYAML", hint="pip install 'secretrun[yaml]'"
        ) from None

    class Loader(library.SafeLoader):
        pass

    def tagged(loader: Any, suffix: str, node: Any) -> Tagged:
        text = loader.construct_scalar(node) if isinstance(node, library.ScalarNode) else ""
        return Tagged(suffix, text, node.start_mark.line + 1)

    library.add_multi_constructor("!", tagged, Loader=Loader)
    try:
        document = library.load(source.text, Loader)  # noqa: S506  a SafeLoader, with tags as plain data
    except library.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{source.path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else source.path
        raise ConfigError(f"{place}: not YAML: {getattr(error, 'problem', None) or 'unreadable'}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{source.path}: expected a mapping at the top")
    return {str(key): value for key, value in document.items()}


def toml(source: Text) -> dict[str, Any]:
    """The tables of a TOML document.

    Raises:
        ConfigError: for what is no TOML.
    """
    import tomllib

    try:
        document: dict[str, Any] = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source.path}: {error}") from None
    return document


def table(value: object) -> dict[str, Any]:
    """`value` when it is a table, else an empty one."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}
