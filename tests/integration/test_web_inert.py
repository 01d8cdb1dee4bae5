"""Whatever anybody typed, a page holds the elements, attributes and links of its template alone."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import links
import pytest
from elements import Elements
from searching import Library, a_work
from specimens import DAY, a_quiet_edition, an_edition
from typed import HARMLESS, HOSTILE, planted
from visitor import Visitor

from newsletter.models import Preferences
from newsletter.search import parse
from newsletter.search.searching import PAGE
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import preferences
from newsletter.subscribers.kept.scripts import Scripts

EDITION = an_edition(notes=("A note.",), tail=an_edition("hard").also)
FOLLOWING = Preferences(topics=("one", "two"), muted=("three",))
_OBEYED = {"href", "src", "action", "style", "id", "class", "rel", "name", "method", "type", "http-equiv"}
"""Attributes whose values do something; what others hold is shown or read aloud."""
_TOKENLESS = ("/", "/check-inbox", "/archive", "/archive/2026-11", f"/d/{DAY}", "/d/2026-10-13", "/topics")
_TOKENLESS += ("/topics/flow-matching", "/topics/flow-matching/feed.xml", "/feed.xml", "/feed.json", "/api")
_TOKENLESS += (
    "/about/trending",
    "/privacy",
    "/week/2026-W47",
    "/month/2026-11",
    "/links",
    "/links?said=sent",
)
_TOKENLESS += (
    "/nowhere",
    "/search",
    "/search?q=rivers",
    "/search?q=-x",
    "/search?q=rivesr",
    "/authors/ada-vale",
)
_TOKENLESS += (
    "/preview?topics=flow",
    "/preview?topics=<b>",
    "/u/damaged",
    "/confirm/damaged",
    "/move/damaged",
)


class Recorder:
    """The site's pages as they were filled in, to be filled in again with other words."""

    def __init__(self, visitor: Visitor) -> None:
        self.site = visitor.app.state.site
        self.filled: list[tuple[str, dict[str, Any]]] = []
        self._render = self.site.render
        self.site.render = self._note

    def _note(self, template: str, **context: Any) -> str:
        if "regions" in context:
            context["regions"] = {
                "Europe": (("Europe/Berlin", "Berlin"),)
            }  # a list of 400 takes long to read
        self.filled.append((template, context))
        return str(self._render(template, **context))

    def again(self, template: str, context: dict[str, Any], text: str) -> str:
        """Fill in a page with a text in each place where somebody could have typed it."""
        told = self.site.environment.globals["site"]
        self.site.environment.globals["site"] = planted(told, text)
        try:
            return str(self._render(template, **planted(context, text)))
        finally:
            self.site.environment.globals["site"] = told


@pytest.fixture
def pages(make_settings: Callable[..., Settings], store: Store) -> Recorder:
    """Every page of a site with editions, readers and an index, as somebody met it."""
    settings = make_settings(
        base_url="http://papers.example.org", timezone="UTC", postal_address="12 Quay Street"
    )
    visitor = Visitor(settings, now=EDITION.composed_at + timedelta(hours=5))
    visitor.publish(
        EDITION,
        an_edition("hard", date=DAY - timedelta(days=1)),
        a_quiet_edition(date=DAY - timedelta(days=40), notes=("A note.",)),
    )
    library = Library(store, settings)
    library.keep(*(a_work(n, f"Rivers, part {n}", "Water.", ["Ada Vale"]) for n in range(2, PAGE + 5)))
    library.refresh()
    recorder = Recorder(visitor)
    for path in _TOKENLESS:
        visitor.web.get(path)
    _walk_tokens(visitor)
    _walk_forms(visitor)
    results = next(given["results"] for name, given in recorder.filled if given.get("results"))
    hinted = {"typed": "x", "query": parse("rivers"), "before": "", "after": "", "topic": "rivers"}
    for changes in (
        {"corrections": (("a", "b"),), "suggestion": "c", "is_loose": True},
        {"hits": (), "total": 0},
    ):
        other = type(results)(**{name: getattr(results, name) for name in results.__slots__} | changes)
        recorder.filled.append(("search.html", hinted | {"results": other, "not_understood": ""}))
        recorder.filled.append(("search.html", hinted | {"results": other, "not_understood": "Said."}))
    return recorder


def _walk_tokens(visitor: Visitor) -> None:
    for status in ("active", "pending", "unsubscribed", "bounced", "complained"):
        reader = visitor.reader(f"{status}@example.net", status)
        Scripts(visitor.store).run(
            "prefer", id=reader.id, hour=7, zone="UTC", wishes=preferences.differences(FOLLOWING)
        )
        for purpose, place in (("manage", "manage"), ("unsubscribe", "u"), ("confirm", "confirm")):
            visitor.web.get(f"/{place}/{visitor.token(purpose, reader.id)}")
        token = visitor.token("manage", reader.id)
        visitor.web.post(f"/manage/{token}", data={"do": "move", "email": "new@example.net"})
        visitor.web.get(f"/manage/{token}?said=asked")
        is_asked = visitor.store.exists(f"subscribers:move:{reader.id}")
        move = links.move(visitor.store, visitor.settings, reader.id) if is_asked else "over"
        visitor.web.get(f"/move/{move}")
        visitor.web.post(f"/manage/{token}", data={"do": "save", "topics": "<b>"})
        visitor.web.post(f"/move/{move}")
    pending = visitor.reader("later@example.net", "pending")
    visitor.web.get(f"/reject/{visitor.token('reject', pending.id)}")
    visitor.web.post(f"/confirm/{visitor.token('confirm', pending.id)}")
    visitor.web.post(f"/reject/{visitor.token('reject', visitor.reader('no@example.net', 'pending').id)}")


def _walk_forms(visitor: Visitor) -> None:
    for email in ("nonsense", "ada@gmial.com"):
        visitor.subscribe(email, topics="one", muted="two")
        visitor.web.post("/links", data={"email": email, "stamp": visitor.stamp(), "website": ""})


def obeyed(page: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Return what a browser obeys in a page: elements, names of attributes, values that do something."""
    return [
        (tag, [(name, value if name in _OBEYED else None) for name, value in attributes.items()])
        for tag, attributes in Elements(page).found
    ]


def test_nothing_typed_is_obeyed_on_any_page(pages: Recorder):
    """Each template holds with hostile texts in every value what it holds with plain words."""
    seen = []
    for template, context in pages.filled:
        harmless = _without(obeyed(pages.again(template, context, HARMLESS)), HARMLESS)
        if (template, harmless) in seen:
            continue
        seen.append((template, harmless))
        for name, text in HOSTILE.items():
            typed = text.replace("\ud800", "")  # half a character cannot be sent
            found = _without(obeyed(pages.again(template, context, typed)), typed)
            assert found == harmless, (template, name)
    ours = pages.site.environment.list_templates(extensions=["html", "xml"])
    assert {name for name in ours if not name.startswith("_")} == {template for template, _ in seen}


def _without(found: Any, typed: str) -> list[str]:
    """Return what is obeyed, less a text where it is the query of a link."""
    return [str(one).replace(f"q={quote(typed)}", "q=") for one in found]


def test_a_title_that_looks_like_the_form_s_stamp_is_a_title(
    make_settings: Callable[..., Settings], store: Store
):
    """The kept front page takes each reader's stamp where the form holds it, and nowhere else."""
    settings = make_settings(environment="production", base_url="http://papers.example.org", timezone="UTC")
    visitor = Visitor(settings, now=EDITION.composed_at + timedelta(hours=5))
    entry = EDITION.entries[0]
    texts = "the-stamp-stands-here \0stamp\0"
    paper = entry.paper.model_copy(update={"title": texts, "categories": (texts,), "authors": (texts,)})
    titled = entry.model_copy(update={"paper": paper, "why": texts, "summary": (texts,)})
    visitor.publish(
        EDITION.model_copy(update={"sections": (), "also": (titled,), "tail": (), "notes": (texts,)})
    )
    page = visitor.web.get("/").text
    (stamp,) = set(re.findall(r'name="stamp" value="([^"]+)"', page))
    assert page.count(stamp) == page.count('name="stamp"')
    assert "the-stamp-stands-here" in page
