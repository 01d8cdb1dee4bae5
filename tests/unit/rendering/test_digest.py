"""What a digest says, how long it is, and what strangers cannot make of it."""

import re
from datetime import timedelta

import pytest
import specimens
from elements import Elements, in_one_line

from newsletter.models import Edition, Entry, Message, Preferences, Section, SourceState
from newsletter.rendering import digest, phrasing
from newsletter.rendering.digest import LARGEST_HTML, LONGEST_SUBJECT
from newsletter.rendering.text_layout import COLUMNS, width

TEXT = specimens.READER.model_copy(update={"format": "text"})
FAILING = tuple(one.model_copy(update={"state": SourceState.FAILING}) for one in specimens.COVERAGE)


def rendered(edition: Edition, preferences: Preferences = specimens.READER) -> Message:
    """Render for the specimens' reader and site."""
    return digest.render(edition, preferences, specimens.SITE)


def html_of(edition: Edition) -> str:
    """Render and return the HTML."""
    html = rendered(edition).html
    assert html is not None
    return html


@pytest.mark.parametrize("name", ["day", "hard"])
def test_both_editions_hold_each_paper_with_its_links_and_its_reason(name):
    """HTML and text say the same of every paper: title, sentences, reason, links; or a line."""
    edition = specimens.an_edition(name)
    message = rendered(edition)
    page = Elements(message.html or "")
    hrefs = {attributes.get("href") for attributes in page.named("a")}
    if name == "hard":
        edition = edition.model_copy(
            update={"also": edition.also[:-1]}
        )  # the last one is written to be cleaned
    front = edition.front
    for entry in edition.entries:
        told = (phrasing.byline(entry.paper.authors), *entry.summary, phrasing.reason(entry))
        said = (entry.paper.title, *(() if entry in front.also else told))
        for text in filter(None, said):
            assert in_one_line(text) in in_one_line(page.text)
            assert re.sub(r"\s", "", text) in re.sub(r"\s", "", in_one_line(message.text))
        for _, url in phrasing.links(entry.paper)[: 1 if entry in front.also else None]:
            assert url in hrefs
            assert url in message.text


def test_the_text_edition_stays_within_72_columns():
    """No line is wider, wide characters counted twice, but for addresses that cannot be cut."""
    for edition in (specimens.an_edition(), specimens.an_edition("hard"), specimens.a_quiet_edition()):
        for line in rendered(edition, TEXT).text.splitlines():
            assert width(line) <= COLUMNS or "https://" in line, line
            assert line == line.rstrip(), line


def test_a_reader_of_text_gets_no_html():
    """Who asked for text gets text alone."""
    assert rendered(specimens.an_edition(), TEXT).html is None


@pytest.mark.parametrize("papers", [0, 1, 15, 25, 50])
def test_the_html_is_never_so_large_that_it_is_clipped(papers):
    """Whatever an edition holds, the HTML stays within 90,000 bytes of ASCII."""
    html = html_of(specimens.a_long_edition(papers))
    assert html.isascii()
    assert len(html) <= LARGEST_HTML


def test_what_does_not_fit_is_counted_and_left_to_the_web():
    """An edition too long for a mail ends with the number of papers that the web edition has more."""
    edition = specimens.a_long_edition(50)
    edition = edition.model_copy(
        update={
            "sections": tuple(
                section.model_copy(update={"entries": tuple(_longer(entry) for entry in section.entries)})
                for section in edition.sections
            )
        }
    )
    message = rendered(edition)
    read = in_one_line(Elements(message.html or "").text)
    shown = sum(entry.paper.title in read for entry in edition.entries)
    assert 0 < shown < len(edition.entries)
    more = f"{len(edition.entries) - shown} more papers on the web"
    assert '<a href="https://papers.example.org/d/2026-11-22" style' in (message.html or "")
    assert more in (message.html or "")
    assert more in message.text
    assert "https://arxiv.org/abs/" + (edition.entries[shown].paper.arxiv_id or "") not in message.text


def _longer(entry: Entry) -> Entry:
    return entry.model_copy(update={"summary": ("流れ" * 250, "マッチ" * 180)})


def test_25_ordinary_papers_fit():
    """A mail of 25 papers with two long sentences each is sent whole."""
    text = in_one_line(Elements(html_of(specimens.a_long_edition(25))).text)
    assert all(entry.paper.title in text for entry in specimens.a_long_edition(25).entries)
    assert "more papers on the web" not in text


@pytest.mark.parametrize(
    "labels",
    [
        (),
        ("flow matching",),
        ("flow matching", "sparse autoencoders", "agents"),
        ("flow matching", "x" * 40),
        ("a label that is far too long for any subject line of a mail",),
        ("x" * 80,),
    ],
    ids=["none", "one", "three", "second too long", "too long", "one long word"],
)
def test_a_subject_is_at_most_sixty_characters(labels):
    """Phones show no more; the first topics stand in it as far as they fit."""
    sections = tuple(
        Section(
            slug=f"t{number}",
            label=label,
            entries=tuple(specimens.an_entry(number=f"2611.{number}{one:04}") for one in range(7)),
        )
        for number, label in enumerate(labels)
    )
    subject = rendered(specimens.an_edition(sections=sections, also=(specimens.an_entry(),))).subject
    assert len(subject) <= LONGEST_SUBJECT
    assert subject.startswith("22 Nov: A Paper about Nothing")
    if labels and len(labels[0]) < 25:
        assert subject.endswith(f" · {labels[0]}")


@pytest.mark.parametrize(
    "title",
    ["Short", "A Title of Quite Some Length That Goes On and On: with a Subtitle", "x" * 90, "流れ" * 40],
    ids=["short", "long", "one long word", "wide"],
)
def test_the_subject_names_the_top_paper_and_no_two_days_share_one(title):
    """The best-scored paper's title leads, cut between words; on two days it makes two subjects."""
    best = specimens.an_entry(number="2611.99999", title=title, score=99)
    today = specimens.an_edition(also=(best,))
    tomorrow = specimens.an_edition(also=(best,), date=specimens.DAY + timedelta(days=1))
    assert rendered(today).subject.startswith(f"22 Nov: {title[:12].split()[0]}")
    assert rendered(today).subject.endswith(" · flow matching")
    assert rendered(today).subject != rendered(tomorrow).subject
    assert len(rendered(today).subject) <= LONGEST_SUBJECT


def test_the_mail_leads_with_the_best_five_then_topics_then_a_line_for_each_other_paper():
    """Each paper once; a leading one names its topic; signs have words; both parts in one order."""
    edition = specimens.a_long_edition(25)
    message = rendered(edition)
    html = in_one_line(Elements(message.html or "").text)
    for text in (html, in_one_line(message.text)):
        places = [text.rindex(entry.paper.title) for entry in edition.entries]
        assert places == sorted(places)
        assert text.index("Top papers today") < places[0]
        assert places[4] < text.index("2 more above") < places[5]
        assert places[17] < text.index("Also today") < places[18]
        assert "Topic: a topic of the number 0" in text
    page = Elements(message.html or "")
    assert [one.get("aria-label") for one in page.named("span") if one.get("role")][:3] == [
        "163 upvotes",
        "12 comments",
        "782 stars",
    ]
    assert "▲ 163 · 💬 12 · ★ 782 · PDF · Code" in html.replace("\N{NO-BREAK SPACE}", " ")
    assert "163 upvotes, 12 comments, 782 stars." in message.text


def test_the_text_edition_can_be_read_aloud():
    """No backslashes, rules, arrows or bars: a screen reader would name each sign."""
    for edition in (specimens.an_edition(), specimens.a_week(), specimens.a_long_edition(25)):
        assert not re.search(r"[\\▁-█▲▼★→•💬]|[-=]{3}", rendered(edition, TEXT).text)


def test_an_edition_of_earlier_days_is_read_by_its_scores():
    """What was frozen before there was an order still leads with its best papers."""
    frozen = specimens.an_edition().model_dump_json(exclude_defaults=True)
    assert '"is_followed"' not in frozen
    top = Edition.model_validate_json(frozen).front.top
    assert [entry.score for entry in top] == [74.9, 68.4, 55.0, 52.6, 51.2]


def test_the_first_line_names_the_top_paper_and_the_top_topic():
    """What an inbox shows beside the subject; the counts are true of the edition."""
    edition = specimens.an_edition()
    first = (
        "What Do Dead Features Know? Reviving the Silent Half of a Sparse Autoencoder. "
        "Flow matching: 4.1× more common than usual. 7 papers, chosen from 486. 2 minutes to read."
    )
    text = in_one_line(Elements(html_of(edition)).text)
    assert text.index(first) < text.index("Trending Papers Sunday")
    assert first in in_one_line(rendered(edition).text)


@pytest.mark.parametrize(
    ("edition", "preferences", "subject", "said"),
    [
        (
            specimens.a_quiet_edition(),
            TEXT,
            "a quiet day",
            "none has announced a paper since the last edition",
        ),
        (
            specimens.a_quiet_edition(coverage=FAILING),
            TEXT,
            "no source could be read",
            "because something is broken",
        ),
        (
            specimens.a_quiet_edition(candidates=486),
            TEXT.model_copy(update={"topics": ("proteins",)}),
            "a quiet day",
            "486 papers were weighed, but nothing was left after your preferences (you follow proteins)",
        ),
        (
            specimens.a_quiet_edition(candidates=1),
            TEXT,
            "a quiet day",
            "1 paper was weighed, and none was left",
        ),
    ],
    ids=["nothing new", "broken", "filtered", "announced before"],
)
def test_a_quiet_day_says_why_it_is_quiet(edition, preferences, subject, said):
    """A quiet day, a broken one and a reader's own filters are told apart."""
    message = digest.render(edition, preferences, specimens.SITE)
    assert message.subject == f"Trending papers, 22 Nov: {subject}"
    assert said in in_one_line(message.text)


def test_coverage_names_who_gave_what_and_who_is_missing():
    """The line at the end tells the sources apart: gave, had nothing, is stale since when."""
    said = (
        "6 sources polled: arXiv cs.LG 243, arXiv cs.CL 171, arXiv stat.ML 38, Hugging Face 34. "
        "Nothing new in A Lab’s Blog. Stale: B Lab’s Blog since Friday (usually writes every 9 hours)."
    )
    message = rendered(specimens.an_edition())
    assert said in in_one_line(message.text)
    assert said in in_one_line(Elements(message.html or "").text)


def test_a_mail_fetches_nothing_and_tracks_nobody():
    """No image, script, font or style sheet; every link leads where the edition or the site says."""
    edition = specimens.an_edition()
    page = Elements(html_of(edition))
    assert not {"img", "script", "link", "iframe", "object", "form", "input"} & {tag for tag, _ in page.found}
    assert "url(" not in html_of(edition)
    allowed = {url for entry in edition.entries for _, url in phrasing.links(entry.paper)}
    assert len(page.named("a")) > len(edition.entries)
    for attributes in page.named("a"):
        href = attributes["href"] or ""
        assert href in allowed | {"-manage_url-", "-unsubscribe_url-"} or href.startswith(
            specimens.SITE.base_url
        )


def test_the_html_is_built_as_mail_clients_and_screen_readers_need_it():
    """Layout tables say so, there is one h1, language and direction stand where clients keep them."""
    page = Elements(html_of(specimens.an_edition("hard")))
    assert {attributes.get("role") for attributes in page.named("table")} == {"presentation"}
    assert len(page.named("h1")) == 1
    assert page.named("html")[0] == {"lang": "en", "dir": "ltr"}
    first = page.found[[tag for tag, _ in page.found].index("body") + 1][1]
    assert (first.get("lang"), first.get("dir")) == ("en", "ltr")
    assert page.named("td")
    assert page.named("a")
    for attributes in page.named("td"):
        assert "background-color:" in (attributes.get("style") or "")
        assert re.search(r"(?<!-)color:", attributes.get("style") or "")
    for attributes in page.named("a"):
        assert "text-decoration:underline" in (attributes.get("style") or "")


def test_no_text_is_smaller_than_14_pixels():
    """Every size that a style names can be read."""
    sizes = [int(size) for size in re.findall(r"font-size: ?(\d+)px", html_of(specimens.an_edition("hard")))]
    assert len(sizes) > 20
    assert min(sizes) >= 14


def test_one_small_style_block_without_nested_rules_is_left():
    """Gmail drops a block of more than 16,384 bytes, and one in which an at-rule stands in another."""
    blocks = re.findall(r"<style[^>]*>(.*?)</style>", html_of(specimens.an_edition()), re.DOTALL)
    assert len(blocks) == 1
    assert len(blocks[0]) <= 16_384
    depth = 0
    for brace in re.findall(r"@media|[{}]", blocks[0]):
        assert not (brace == "@media" and depth)
        depth += {"{": 1, "}": -1}.get(brace, 0)
    assert depth == 0


def test_nothing_in_the_style_block_is_unused():
    """Each class that a rule names stands on an element, and each class on an element is named by a rule."""
    for edition in (specimens.an_edition(), specimens.a_quiet_edition()):
        html = html_of(edition)
        style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)[0]
        classes = {
            name for _, attributes in Elements(html).found for name in (attributes.get("class") or "").split()
        }
        assert classes == set(re.findall(r"\.([a-z]+)", style))


def test_texts_of_other_scripts_say_their_direction_and_language():
    """A Hebrew title runs right to left, a Japanese one is read as Japanese."""
    titles = Elements(html_of(specimens.an_edition("hard"))).named("h3")[:5]
    assert [(title.get("lang"), title.get("dir")) for title in titles] == [
        (None, None),
        ("he", "rtl"),
        (None, "rtl"),  # many languages share the Arabic script
        ("ja", None),
        ("zh", None),
    ]


def test_sentences_that_do_not_follow_each_other_are_not_run_together():
    """Between two sentences that the abstract keeps apart stands an ellipsis."""
    apart = next(entry for entry in specimens.an_edition("hard").also if len(entry.summary) == 2)
    text = in_one_line(rendered(specimens.an_edition(sections=(), also=(apart,))).text)
    assert "“The first sentence of a pair. … The third sentence, not the second.” [from the abstract]" in text
    assert "rivals need a teacher for. The gain grows" in in_one_line(rendered(specimens.an_edition()).text)


def test_the_mail_says_why_it_came_and_how_to_end_it():
    """What the reader chose, both links and the postal address, in both parts.

    The hour is not among it: readers of different hours share one mail.
    """
    preferences = Preferences(
        hour=6, timezone="Asia/Tokyo", frequency="weekdays", topics=("proteins",), limit=1
    )
    message = digest.render(specimens.an_edition(), preferences, specimens.SITE)
    because = (
        "You get this mail because you signed up at papers.example.org and confirmed it: "
        "Monday to Friday, up to 1 paper, on proteins."
    )
    for text in (in_one_line(message.text), in_one_line(Elements(message.html or "").text)):
        assert because in text
        assert "This mail has no pixel and no rewritten links." in text
        assert specimens.SITE.postal_address in text
    for name in ("-manage_url-", "-unsubscribe_url-"):
        assert f'href="{name}"' in (message.html or "")
        assert f"\n{name}\n" in message.text
