"""What is found, in which order, and what is said of it."""

from typing import Any

import pytest
from searching import Library, a_work

from newsletter.search import by_author
from newsletter.search.results import Author, Piece
from newsletter.search.searching import PAGE, PAGES
from newsletter.settings import Settings
from newsletter.store import Store

SOFT: dict[str, Any] = {"categories": ("cond-mat.soft", "cs.LG"), "source": "arxiv-cond-mat"}
WORKS = (
    a_work(1, "Flow matching for proteins", "We learn to transport noise.", ["Ada Vale", "José da Silva"]),
    a_work(2, "Proteins at rest", "A study that mentions matching of a flow once.", ["Bo Lind"]),
    a_work(3, "Diffusion models explained", "Diffusion, again and again.", ["Vale, Ada", "Cy Moss"]),
    a_work(4, "A survey of diffusion", "Surveys survey.", [f"Member {n}" for n in range(9)] + ["Dee Hill"]),
    a_work(5, "Why the world is round", "Because it is. Diffusion plays no part.", ["Ed Ross"], **SOFT),
)


@pytest.fixture
def library(store: Store, settings: Settings) -> Library:
    """Return a library of five papers, indexed."""
    library = Library(store, settings)
    library.keep(*WORKS)
    library.refresh()
    return library


def ids(*numbers: int) -> list[str]:
    """Write the numbers of works as ids."""
    return [f"arxiv:2606.{number:05}" for number in numbers]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("flow matching", ids(1, 2)),
        ('"flow matching"', ids(1)),
        ("FLOWS matched", ids(1, 2)),
        ("proteins flow -rest", ids(1)),
        ("diffusion", ids(3, 4, 5)),
        ("diffusion -survey", ids(3, 5)),
        ("vale", ids(1, 3)),
        ("author:vale diffusion", ids(3)),
        ('author:"jose da silva"', ids(1)),
        ("author:diffusion", []),
        ("the world is round", ids(5)),
        ("diffusion category:cs.lg", ids(5)),
        ("diffusion -category:cond-mat", ids(3, 4)),
        ("diffusion source:arxiv-cond-mat", ids(5)),
        ("diffusion source:arxiv", ids(3, 4, 5)),
        ("title:diffusion", ids(3, 4)),
        ('title:"diffusion models"', ids(3)),
        ("-diffusion", []),
        ("zzzzzz", []),
    ],
)
def test_words_phrases_names_and_exclusions_find_what_they_say(
    library: Library, query: str, found: list[str]
):
    """Case, accents and endings do not matter, and a title counts for more than an abstract."""
    assert sorted(library.found(query)) == sorted(found)
    if query.startswith(("diffusion", "flow")) and found:
        assert library.found(query)[0] == found[0]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("difusion", "diffusion"),
        ("diffusoin", "diffusion"),
        ("protiens", "proteins"),
        ("explaned", "explained"),
        ("author:slva", "silva"),
    ],
)
def test_a_mistyped_word_is_read_as_it_was_meant_and_said_so(library: Library, typed: str, meant: str):
    """A letter too many, too few, or two that changed places; nothing is replaced silently."""
    results = library.search(typed)
    assert results.hits
    assert [word for _, word in results.corrections] == [meant]


@pytest.mark.parametrize("typed", ["flo", "2606", "qqqqqqqqqq"])
def test_short_words_numbers_and_nonsense_are_not_corrected(library: Library, typed: str):
    """Too many words are near them, or none."""
    results = library.search(typed)
    assert (results.hits, results.corrections) == ((), ())


def test_a_rare_word_beside_a_frequent_one_is_questioned(library: Library):
    """Somebody else's slip stands in a title; the word that many use is suggested, and not forced."""
    library.keep(
        a_work(6, "Difusion of heat", "Heat."), *(a_work(n, f"Diffusion {n}") for n in range(10, 30))
    )
    library.refresh()
    results = library.search("difusion -heat")
    assert (results.hits, results.suggestion) == ((), "diffusion -heat")
    assert library.search("difusion").hits[0].paper.id == "arxiv:2606.00006"


def test_where_no_paper_holds_every_word_those_with_most_come(library: Library):
    """They are called loose, so that a page can say it."""
    results = library.search("diffusion proteins explained")
    assert results.is_loose
    assert [hit.paper.id for hit in results.hits] == ids(3)


def test_matches_are_marked_in_title_snippet_and_names(library: Library):
    """Pieces, not markup: whoever shows them escapes them."""
    hit = library.search("flows silva").hits[0]
    assert hit.title == (Piece("Flow", is_match=True), Piece(" matching for proteins"))
    assert hit.authors == (
        Author("Ada Vale", "ada-vale"),
        Author("José da Silva", "jose-da-silva", is_match=True),
    )
    assert hit.snippet == (Piece("We learn to transport noise."),)


def test_an_author_beyond_the_third_is_named_where_asked_for(library: Library):
    """The byline is short, but says why the paper was found."""
    hit = library.search("author:hill").hits[0]
    assert [author.name for author in hit.authors] == ["Member 0", "Member 1", "Member 2", "Dee Hill"]
    assert hit.others == 6


def test_a_name_has_one_list_however_it_is_written(library: Library):
    """Last name first or last, the newest paper first."""
    index = library.index_store.index()
    assert {hit.paper.id for hit in by_author(index, "ada-vale").hits} == set(ids(1, 3))
    assert by_author(index, "nobody").total == 0


def test_pages_follow_each_other_and_end(store: Store, settings: Settings):
    """Each paper stands on one page; beyond the last nothing does, and below the first is the first."""
    library = Library(store, settings)
    library.keep(*(a_work(n, f"Tides, part {n}") for n in range(PAGE * 2 + 3)))
    library.refresh()
    pages = [library.search("tides", page) for page in (1, 2, 3)]
    assert [len(page.hits) for page in pages] == [PAGE, PAGE, 3]
    assert len({hit.paper.id for page in pages for hit in page.hits}) == pages[0].total == PAGE * 2 + 3
    assert library.search("tides", 0).hits == pages[0].hits
    assert library.search("tides", PAGES + 1).hits == ()


def test_what_strangers_wrote_is_disarmed_before_it_is_kept(store: Store, settings: Settings):
    """No sign that turns a page around, no line break and no control character comes out again."""
    library = Library(store, settings)
    library.keep(a_work(1, "A \u202etitle\n\x07 <b>bold</b>", "An \u2066abstract", ["Eve\u200f\nX"]))
    library.refresh()
    hit = library.search("title").hits[0]
    assert "".join(piece.text for piece in hit.title) == "A title <b>bold</b>"
    assert (hit.paper.abstract, hit.authors[0].name) == ("An abstract", "Eve X")
