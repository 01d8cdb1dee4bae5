"""What anybody may write to a source must not reach into a reader's mail."""

import re

import specimens
from elements import Elements, in_one_line

from newsletter.models import Edition, Link, Mention, Message
from newsletter.rendering import digest
from newsletter.rendering.templating import untrusted


def rendered(edition: Edition) -> Message:
    """Render for the specimens' reader and site."""
    return digest.render(edition, specimens.READER, specimens.SITE)


def test_a_source_cannot_bring_a_placeholder_into_a_mail():
    """A link with `-manage_url-` in it would send each reader's token to whoever wrote it."""
    trap = "https://evil.example/?t=-manage_url-"
    entry = specimens.an_entry(title="Read -unsubscribe_url- now", summary=("See -manage_url- for more.",))
    paper = entry.paper.model_copy(
        update={
            "links": (Link(rel="abstract", url=trap), Link(rel="code", url=trap)),
            "authors": ("-manage_url-",),
            "categories": ("-manage_url-",),
            "mentions": (Mention(source="x", url=trap, first_seen=specimens.CUT_OFF),),
        }
    )
    hostile = entry.model_copy(update={"paper": paper, "why": "-manage_url-"})
    edition = specimens.an_edition(sections=(), also=(hostile,), notes=("-manage_url-",))
    plain = rendered(specimens.an_edition(sections=(), also=(specimens.an_entry(),)))
    message = rendered(edition)
    for name in ("-manage_url-", "-unsubscribe_url-"):
        assert (message.html or "").count(name) == (plain.html or "").count(name) == 1
        assert message.text.count(name) == plain.text.count(name) == 1


def test_only_addresses_of_the_web_become_links():
    """A `javascript:` link or one with a line end is left out, and the title leads to the next best."""
    links = (
        Link(rel="abstract", url="javascript:alert(1)"),
        Link(rel="pdf", url="https://example.org/a\r\nb"),
        Link(rel="code", url="https://example.org/code"),
    )
    entry = specimens.an_entry()
    entry = entry.model_copy(update={"paper": entry.paper.model_copy(update={"links": links})})
    html = rendered(specimens.an_edition(sections=(), also=(entry,))).html or ""
    assert "javascript" not in html
    assert html.count('href="https://example.org/code"') == 1


def test_markup_in_titles_is_shown_not_obeyed():
    """A title with tags, quotes and template braces is set as it was written."""
    page = Elements(rendered(specimens.an_edition("hard")).html or "")
    assert "<b>Sparse</b>" in page.text
    assert "{{ site.name }}" in in_one_line(page.text)
    assert "b" not in {tag for tag, _ in page.found}


def test_controls_in_titles_neither_turn_nor_break_a_mail():
    """Bidirectional controls, line ends and nulls are gone from titles."""
    message = rendered(specimens.an_edition("hard"))
    assert "Controls esrever, a line end, and a null in" in in_one_line(message.text)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", message.text)
    assert not re.search("&#(820[67]|823[4-8]|829[4-7]);", message.html or "")


def test_a_paper_s_every_text_loses_its_controls():
    """Title, abstract, names and categories alike, whether a template shows them now or some day."""
    bad = "Half\u202e of\x00 it\r\nX-Header: \u2066y"
    paper = specimens.an_entry(title=bad, abstract=bad, authors=(bad,), category=bad).paper
    made = untrusted.paper(paper.model_copy(update={"doi": bad, "arxiv_id": bad}))
    texts = (made.title, made.abstract, made.authors[0], made.categories[0], made.doi, made.arxiv_id)
    assert set(texts) == {"Half of it X-Header: y"}


def test_an_abstract_is_not_cut():
    """It is as long as its authors made it; only a line is what it becomes."""
    paper = specimens.an_entry(abstract="words  and \n" * 2_000).paper
    assert untrusted.paper(paper).abstract == " ".join(["words and"] * 2_000)
