"""Every template tried before a reader meets it: ours, and the operator's own in their place."""

import difflib
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import get_args

from jinja2 import Environment, TemplateError, TemplateSyntaxError, meta, nodes

from newsletter.errors import NewsletterError, SettingsError
from newsletter.models import (
    Coverage,
    Edition,
    Entry,
    Link,
    Message,
    Paper,
    Preferences,
    Section,
    SourceState,
    Trend,
)
from newsletter.rendering import digest, notices
from newsletter.rendering.site import SiteFacts
from newsletter.rendering.templating import templates

_KINDS = {"email": ("txt", "html"), "web": ("html", "xml")}
_SERVED_AS_IT_IS = "static"
_LINKS = ("-unsubscribe_url-", "-confirm_url-", "-back_url-")
"""What a mail that has them in our words must have in the operator's."""
_MOMENT = datetime(2026, 6, 10, 6, tzinfo=UTC)


def fault(site: SiteFacts) -> str | None:
    """Say what is wrong with the first template that would fail a reader, or None.

    An operator's file must replace one of ours (or begin with `_`, to be
    included by one that does), can be parsed, and names nothing that pages
    are not given; then each mail is set once, on an invented edition. The
    message names the file, the line where one is known, and the remedy.
    """
    for kind, endings in _KINDS.items():
        if found := _misplaced(kind, endings, site) or _misspelt(kind, endings, site):
            return found
    ours = site.model_copy(update={"templates_dir": None})
    mails = zip(_mails(site), _mails(ours), strict=True)
    return next(
        (found for (name, make), (_, as_ours) in mails if (found := _failing(name, make, as_ours))), None
    )


def _misplaced(kind: str, endings: tuple[str, ...], site: SiteFacts) -> str | None:
    """Find an operator's file that replaces nothing: a typing error in its name would go unseen."""
    ours = set(templates.environment(kind).list_templates(extensions=endings))
    for name in _theirs(kind, site):
        if name.startswith(f"{_SERVED_AS_IT_IS}/"):
            if found := _unserved(name):
                return found
            continue
        is_free = name.rpartition("/")[2].startswith("_")
        if name not in ours and not is_free:
            return (
                f"The template {kind}/{name} replaces none of ours. Name it as the one that it replaces, "
                "or begin its name with _ where another includes it."
            )
    return None


def _unserved(name: str) -> str | None:
    """Find a file that no address leads to, or whose name is nearly that of ours."""
    file = name.removeprefix(f"{_SERVED_AS_IT_IS}/")
    if "/" in file or file.startswith(".") or file.rpartition(".")[2] not in templates.SERVED:
        kinds = ", ".join(f".{one}" for one in templates.SERVED)
        return f"The file web/{name} is not served. Put files that end with {kinds} into web/static itself."
    ours = {path.name for path in (Path(templates.folders("web")[-1]) / _SERVED_AS_IT_IS).iterdir()}
    near = difflib.get_close_matches(file, sorted(ours), n=1, cutoff=0.8)
    if file not in ours and near:
        return f"The file web/{name} replaces none of ours. Call it {near[0]}, or choose another name."
    return None


def _theirs(kind: str, site: SiteFacts) -> list[str]:
    if site.templates_dir is None:
        return []
    folder = site.templates_dir / kind
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _misspelt(kind: str, endings: tuple[str, ...], site: SiteFacts) -> str | None:
    """Find a template that cannot be parsed, or one of the operator's that names what none of ours does."""
    ours, environment = templates.environment(kind), templates.environment(kind, site.templates_dir)
    theirs = set(_theirs(kind, site))
    listed = ours.list_templates(extensions=endings) if theirs else ()
    given = {name for one in listed for name in _named(ours, one)}
    for name in environment.list_templates(extensions=endings):
        try:
            environment.get_template(name)
        except (TemplateError, UnicodeError) as error:
            return _broken(f"{kind}/{name}", error)
        if name not in theirs:
            continue
        if _parsed(environment, name).find(nodes.ScopedEvalContextModifier):
            return (
                f"The template {kind}/{name} sets autoescape, and what strangers wrote could become markup. "
                "Take the block away: what is rendered is escaped as it needs to be."
            )
        unknown = sorted(_named(environment, name) - given)
        if unknown:
            return (
                f"The template {kind}/{name} uses “{unknown[0]}”, which nothing gives it. "
                "Correct the name, or remove the override."
            )
    return None


def _named(environment: Environment, name: str) -> set[str]:
    """Return what a template takes from outside."""
    return meta.find_undeclared_variables(_parsed(environment, name)) | environment.globals.keys()


def _parsed(environment: Environment, name: str) -> nodes.Template:
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, name)
    return environment.parse(source)


def _mails(site: SiteFacts) -> Iterator[tuple[str, Callable[[], Message]]]:
    """Yield each mail's name and what sets it, in the forms in which its templates take different ways."""
    day = _an_edition()
    quiet = day.model_copy(update={"sections": (), "also": ()})
    dated = tuple(entry.model_copy(update={"edition_of": day.date}) for entry in day.also)
    week = day.model_copy(update={"since": day.date - timedelta(days=6), "also": dated})
    for edition in (day, quiet, week):
        for form in ("html", "text"):
            chosen = Preferences(format=form, topics=("a phrase",))
            yield "digest", partial(digest.render, edition, chosen, site)
    for kind in get_args(notices.Kind):
        for newest in (day, None):
            yield kind, partial(notices.render, kind, site, edition=newest, first_at=_MOMENT)
    yield "alert", partial(notices.alert, site, "A headline", ("What is known.",), "What to do.")


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """Turn whatever a mail's templates raise into a `SettingsError` that names file, line and remedy.

    Another try fails in the same way, so those who wait for the mail must be told.
    """
    try:
        yield
    except NewsletterError:
        raise
    except Exception as error:  # a template may call anything
        raise SettingsError(f"{_broken(f'email/{name}', error)} Then restart the workers.") from error


def _failing(name: str, make: Callable[[], Message], as_ours: Callable[[], Message]) -> str | None:
    try:
        message = make()
    except Exception as error:  # noqa: BLE001 - a template may call anything: whatever it raises is its fault
        return _broken(f"email/{name}", error)
    if not message.subject or not message.text.strip():
        return f"The template email/{name} leaves the subject or the text empty. Write something into it."
    ours = as_ours()
    for file, theirs, wanted in (("html", message.html, ours.html), ("txt", message.text, ours.text)):
        missing = [
            one for one in _LINKS if one in (wanted or "") and theirs is not None and one not in theirs
        ]
        if missing:
            return (
                f"The template email/{name}/body.{file} lacks the link {missing[0]}, without which readers "
                "cannot do what the mail is for. Put it in."
            )
    return None


def _broken(name: str, error: Exception) -> str:
    """Say where: the error's own line, or that of the last template that was being filled in."""
    line = error.lineno if isinstance(error, TemplateSyntaxError) else None
    if isinstance(error, TemplateSyntaxError) and error.name and not Path(name).suffix:
        name = f"email/{error.name}"
    if line is None:
        frames = [(Path(one.filename), one.lineno) for one in traceback.extract_tb(error.__traceback__)]
        for path, number in frames:
            if "email" in path.parts and path.suffix in {".html", ".txt"}:
                at = len(path.parts) - path.parts[::-1].index("email") - 1
                name, line = "/".join(path.parts[at:]), number
    where = f" on line {line}" if line else ""
    return f"The template {name} is broken{where}: {error}. Mend it, or remove the override."


def _an_edition() -> Edition:
    """Return an invented edition that has something of everything."""
    paper = Paper(
        id="arxiv:2606.00001",
        arxiv_id="2606.00001",
        title="An Invented Paper",
        abstract="It says nothing.",
        authors=("Ada Moreno",),
        categories=("cs.LG",),
        links=(Link(rel="abstract", url="https://arxiv.org/abs/2606.00001"),),
        first_seen=_MOMENT,
    )
    entry = Entry(paper=paper, score=50, why="in 2 of 4 sources", summary=("It says nothing.",))
    trend = Trend(movement="up", streak_days=2, series=(0.1, 0.2), ratio=2.0)
    stale = Coverage(source="a", title="A", state=SourceState.STALE, since=_MOMENT - timedelta(days=2))
    return Edition(
        date=_MOMENT.date(),
        composed_at=_MOMENT,
        cut_off=_MOMENT,
        sections=(Section(slug="a-phrase", label="a phrase", trend=trend, entries=(entry,)),),
        also=(entry,),
        coverage=(stale, stale.model_copy(update={"state": SourceState.FRESH, "papers": 1})),
        candidates=2,
        notes=("An invented note.",),
    )
