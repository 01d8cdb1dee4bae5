"""Where templates are found, and the rules that all of them obey.

The operator's folder comes first, then ours: `templates/` in a checkout,
`newsletter/_templates` in an installed wheel. An override mirrors our tree, so
`email/confirm/subject.txt` in that folder replaces that one file and nothing
else. A name that a template uses and nobody gave is an error, never an empty
space in somebody's mail.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from newsletter.errors import SettingsError
from newsletter.rendering import coverage, dates, phrasing, signals, text_layout
from newsletter.rendering.templating import markup

Output = Literal["markup", "text"]
_PACKAGE = Path(__file__).resolve().parents[2]
_TRUSTING: Final = ("safe", "urlize")
"""Jinja's filters that make markup of what somebody typed."""

SERVED: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "png": "image/png",
    "txt": "text/plain",
}
"""What a file of `web/static` may end with, and what it is served as."""


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


def mail(name: str, override: Path | None = None) -> Template:
    """Return a template of a mail. What it renders, also by imported macros, is escaped as its name asks."""
    output: Output = "text" if name.endswith(".txt") else "markup"
    return environment("email", override, output=output).get_template(name)


@lru_cache(maxsize=16)
def environment(
    kind: str, override: Path | None = None, *, output: Output = "markup", reload: bool = False
) -> Environment:
    """Return the Jinja environment of a kind, with each template parsed once a process.

    What is rendered decides about escaping, not the name of a file that it
    imports: sentences in a `.txt` are escaped where HTML uses them. No filter
    takes escaping back. `reload` looks at the files again on each use, for
    who is writing them.
    """
    found = Environment(
        loader=FileSystemLoader(folders(kind, override)),
        autoescape=output == "markup",  # noqa: S701 - text is not escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=reload,
    )
    for module in (coverage, phrasing, dates, signals, text_layout, markup):
        found.filters.update(module.FILTERS)
    for name in _TRUSTING:
        del found.filters[name]
    return found
