"""Where templates are found, and the rules that all of them obey.

The operator's folder comes first, then ours: `templates/` in a checkout,
`newsletter/_templates` in an installed wheel. An override mirrors our tree, so
`email/confirm/subject.txt` in that folder replaces that one file and nothing
else. A name that a template uses and nobody gave is an error, never an empty
space in somebody's mail.
"""

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from newsletter.errors import SettingsError
from newsletter.rendering import columns, dates, markup, phrasing

_PACKAGE = Path(__file__).resolve().parents[1]


def folders(kind: str, override: Path | None = None) -> tuple[Path, ...]:
    """Return where templates of a kind (`email` or `web`) are looked for, first come first served.

    Raises `SettingsError` where the operator's folder does not exist: a typing
    error there would send our texts instead of theirs.
    """
    if override is not None and not override.is_dir():
        raise SettingsError(
            f"The templates folder {override} does not exist. Create it, or correct NEWSLETTER_TEMPLATES_DIR."
        )
    roots = (override,) if override is not None else ()
    return tuple(root / kind for root in (*roots, _shipped()))


def _shipped() -> Path:
    installed = _PACKAGE / "_templates"
    return installed if installed.is_dir() else _PACKAGE.parent / "templates"


@lru_cache(maxsize=16)
def environment(kind: str, override: Path | None = None, *, reload: bool = False) -> Environment:
    """Return the Jinja environment of a kind, with each template parsed once a process.

    `.html` is escaped, `.txt` is not. `reload` looks at the files again on
    each use, for who is writing them.
    """
    found = Environment(
        loader=FileSystemLoader(folders(kind, override)),
        autoescape=select_autoescape((), disabled_extensions=("txt",), default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=reload,
    )
    found.filters.update(phrasing.FILTERS | dates.FILTERS | columns.FILTERS | markup.FILTERS)
    return found
