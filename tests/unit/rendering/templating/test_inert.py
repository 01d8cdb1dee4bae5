"""Whatever anybody typed, a mail holds the elements, attributes and addresses of its templates alone."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import specimens
from elements import Elements
from hypothesis import given
from hypothesis import strategies as st
from typed import HARMLESS, HOSTILE, led_to, planted

from newsletter.models import Message, Preferences, SourceState
from newsletter.rendering import digest, notices, template_check
from newsletter.rendering.mime import Envelope
from newsletter.rendering.templating import inert, templates
from newsletter.subscribers import preferences

ROOT = Path(__file__).resolve().parents[4]
ENTRY = specimens.an_entry(
    title="A title", authors=("One",), summary=("A sentence.",), why="a reason", has_code=True
)
DAY = specimens.an_edition(also=(ENTRY,), notes=("A note.",))
QUIET = specimens.a_quiet_edition(candidates=9)
BROKEN = specimens.a_quiet_edition(
    coverage=tuple(
        one.model_copy(
            update={"state": SourceState.FAILING, "papers": 0, "note": "a note", "since": specimens.CUT_OFF}
        )
        for one in specimens.COVERAGE
    )
)
EDITIONS = {
    "day": DAY,
    "week": specimens.a_week(),
    "quiet": QUIET.model_copy(update={"candidates": 0}),
    "filtered": QUIET,
    "broken": BROKEN,
}
READER = specimens.READER.model_copy(update={"topics": ("one", "two"), "muted": ("three",)})
FIRST = datetime(2026, 11, 23, 6, tzinfo=UTC)


def a_digest(name: str, text: str, format_: str = "html") -> Message:
    """Render an edition with a text in each place where somebody could have typed it."""
    reader = planted(READER.model_copy(update={"format": format_}), text)
    return digest.render(planted(EDITIONS[name], text), reader, planted(specimens.SITE, text))


def a_letter(kind: notices.Kind, text: str) -> Message:
    """Render a letter in the same way, with an edition where it carries one."""
    return notices.render(
        kind,
        planted(specimens.SITE, text),
        preferences=planted(READER, text),
        edition=planted(DAY, text),
        first_at=FIRST,
    )


def an_alert(text: str) -> Message:
    """Render an alert whose facts and headline quote strangers."""
    return notices.alert(planted(specimens.SITE, text), text, (text, text), "Say: newsletter edition resume")


def mails() -> Iterator[tuple[str, Callable[[str], Message]]]:
    """Yield every mail there is, as a function of what was typed."""
    for name in EDITIONS:
        yield name, lambda text, name=name: a_digest(name, text)
    yield "text", lambda text: a_digest("day", text, "text")
    for kind in get_args(notices.Kind):
        yield kind, lambda text, kind=kind: a_letter(kind, text)
    yield "alert", an_alert


MAILS = dict(mails())


def check(make: Callable[[str], Message], text: str) -> None:
    """Compare a mail with the same of harmless words, part by part and as it leaves."""
    plain, message = make(HARMLESS), make(text)
    if plain.html is not None:
        harmless, found = Elements(plain.html), Elements(message.html or "")
        assert found.found == harmless.found
        assert led_to(found.text) == led_to(harmless.text)
    for part in ("text", "subject"):
        assert led_to(getattr(message, part)) == led_to(getattr(plain, part))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", message.text)
    assert message.subject.isprintable() or "\u200c" in message.subject
    assert message.headers == plain.headers
    assert headers(message) == headers(plain)


def headers(message: Message) -> list[bytes]:
    """Return the names of the headers that a mail leaves with; raises where a placeholder has no value."""
    envelope = Envelope(message, specimens.SITE, sent_at=specimens.CUT_OFF, stamp="2026-11-22")
    head, _, _ = envelope.splice(specimens.RECIPIENT).partition(b"\r\n\r\n")
    return re.findall(rb"^([A-Za-z-]+):", head, re.MULTILINE)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", MAILS)
def test_nothing_typed_is_markup_an_address_or_a_placeholder_in_a_mail(name: str, text: str):
    """Elements, attributes, addresses and placeholders are those of the same mail of plain words."""
    check(MAILS[name], text)


@given(
    st.lists(st.sampled_from([*HOSTILE.values(), *"<>\"'&-_.:/@\n", "url", "_url-"]), min_size=1, max_size=4)
)
def test_nothing_typed_is_obeyed_however_it_is_put_together(pieces: list[str]):
    """Neither are pieces of hostile texts that meet."""
    check(MAILS["filtered"], "x" + "".join(pieces))
    check(MAILS["confirm"], "x" + "".join(pieces))


def test_every_template_of_a_mail_is_walked():
    """A folder that is added to `templates/email` must be among the mails above."""
    folders = {path.name for path in templates.folders("email")[0].iterdir() if path.is_dir()}
    assert folders == {"digest", "alert", *get_args(notices.Kind)}


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        'https://evil.example/"onload="x',
        "https://evil.example/'><b>",
        "https://evil.example/\r\nBcc: x",
    ],
)
@pytest.mark.parametrize("field", ["links", "mentions"])
def test_an_address_that_is_none_of_the_web_is_no_link_anywhere(url: str, field: str):
    """Neither in HTML nor in text; the paper is shown without it."""
    changed = tuple(one.model_copy(update={"url": url}) for one in getattr(ENTRY.paper, field))
    other = {"links": "mentions", "mentions": "links"}[field]
    paper = ENTRY.paper.model_copy(update={field: changed, other: ()})
    edition = specimens.an_edition(sections=(), also=(ENTRY.model_copy(update={"paper": paper}),))
    message = digest.render(edition, READER, specimens.SITE)
    assert url not in {one.get("href") for one in Elements(message.html or "").named("a")}
    assert "evil.example" not in message.text
    assert "alert(1)" not in message.text


def test_a_topic_s_slug_stays_within_the_path_of_topics():
    """Whatever a slug holds, its link leads to our page of topics."""
    slug = "../manage/x?y#z\"'<-manage_url-"
    section = DAY.sections[0].model_copy(update={"slug": slug})
    message = digest.render(DAY.model_copy(update={"sections": (section,)}), READER, specimens.SITE)
    (link,) = {line.strip() for line in message.text.splitlines() if "/topics/" in line}
    assert re.fullmatch(r"https://papers\.example\.org/topics/[\w.%-]+", link)
    assert "-manage_url-" not in link


def test_an_operators_templates_are_escaped_as_ours(tmp_path: Path):
    """Whatever file a macro stands in, HTML that uses it is escaped, and text is not."""
    (tmp_path / "email" / "confirm").mkdir(parents=True)
    (tmp_path / "email" / "_mine.txt").write_text(
        "{% macro named(site) %}{{ site.name }}{% endmacro %}", "utf-8"
    )
    for ending in ("html", "txt"):
        (tmp_path / "email" / "confirm" / f"body.{ending}").write_text(
            '{% import "_mine.txt" as mine %}<p>{{ mine.named(site) }} {{ site.name }}</p>', "utf-8"
        )
    site = specimens.SITE.model_copy(update={"templates_dir": tmp_path, "name": "<b>&"})
    message = notices.render("confirm", site)
    assert "<p>&lt;b&gt;&amp; &lt;b&gt;&amp;</p>" in (message.html or "")
    assert message.text == "<p><b>& <b>&</p>"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{{ site.name | safe }}", "safe"),
        ("{{ site.name | urlize }}", "urlize"),
        ("{% autoescape false %}{{ site.name }}{% endautoescape %}", "autoescape"),
    ],
)
def test_a_template_that_trusts_what_was_typed_is_refused(tmp_path: Path, written: str, said: str):
    """`check` names the file: escaping is not a template's to take back."""
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "_layout.html").write_text(
        f"{written}{{% block content %}}{{% endblock %}}", "utf-8"
    )
    fault = template_check.fault(specimens.SITE.model_copy(update={"templates_dir": tmp_path}))
    assert fault is not None
    assert "email/_layout.html" in fault
    assert said in fault


def test_markup_is_made_in_one_place():
    """Nothing but `rendering/markup.py` says that a text is markup, and no template does."""
    python = [*(ROOT / "newsletter").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]
    makers = {
        path.relative_to(ROOT).as_posix()
        for path in python
        if re.search(r"\bMarkup\b", path.read_text("utf-8"))
    }
    assert makers == {"newsletter/rendering/templating/markup.py"}
    environments = {path.name for path in python if re.search(r"\bEnvironment\(", path.read_text("utf-8"))}
    assert environments == {"templates.py"}
    written = [path for kind in ("email", "web") for path in templates.folders(kind)[0].rglob("*.*ml")]
    assert len(written) > 40
    assert not [
        path.name for path in written if re.search(r"\|\s*safe\b|autoescape|urlize", path.read_text("utf-8"))
    ]


@pytest.mark.parametrize(
    "topic", ['author:"Hao Li" -survey', "agents category:cs.CL", "title:data source:arxiv-cs-lg", "神经网络"]
)
def test_a_topic_stands_in_a_mail_as_its_reader_wrote_it(topic: str):
    """Colons and quotes make no address: what is asked for can be read, and copied, from its heading."""
    assert inert.text(preferences.checked(Preferences(topics=(topic,))).topics[0]) == topic


def test_preferences_that_were_kept_before_they_were_checked_are_harmless():
    """An old record with a placeholder in a phrase is mailed like any other."""
    old = Preferences(topics=("-foo_url-",), muted=("-manage_url-",))
    message = digest.render(QUIET, old, specimens.SITE)
    assert headers(message)
