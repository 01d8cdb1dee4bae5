"""Which descriptions are of one work."""

from random import Random

import pytest

from newsletter.papers.identity import Fingerprint, candidates, evidence, same_work

TITLE = "Latent Reasoning in Large Models as a Vocabulary-Space Superposition"
ABSTRACT = (
    "We look at what a language model keeps in its hidden states while it reasons, and find that each "
    "state is close to a weighted sum of word vectors. Training on that makes chains three times shorter."
)
AUTHORS = ("Jingcheng Deng", "Liang Pang", "José García")


def taken(
    title: str = TITLE, abstract: str = ABSTRACT, authors: tuple[str, ...] = AUTHORS, **ids: str
) -> Fingerprint:
    """Return the fingerprint of a description, by default of the paper above."""
    return Fingerprint.of(title, abstract, authors, **ids)


def agree(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether both are of the same work; asked in either order."""
    assert evidence(one, other) == evidence(other, one)
    return evidence(one, other) > 0


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(TITLE.upper(), id="upper case"),
        pytest.param(TITLE.replace("-", "&#45;"), id="an entity"),
        pytest.param(TITLE.replace("-", "‐"), id="another hyphen"),
        pytest.param(f"[R] {TITLE} (2026)", id="a tag and a year"),
        pytest.param(f"🔥 New paper: {TITLE} | Hugging Face", id="an emoji, a tag and a site"),
        pytest.param(TITLE[:40] + "…", id="cut off"),
        pytest.param(TITLE.replace("Reasoning", "Reasnoing"), id="a typing error"),
        pytest.param(TITLE + ": What Models Think Before They Speak", id="a subtitle"),
    ],
)
def test_title_noise_does_not_hide_a_work(title: str) -> None:
    """However a source dresses the title, authors and title tell the work without an abstract."""
    assert agree(taken(abstract=""), taken(title, abstract=""))


@pytest.mark.parametrize(
    "authors",
    [
        pytest.param(("Deng, Jingcheng", "Pang, Liang", "Garcia, Jose"), id="surname first, no accents"),
        pytest.param(("J. Deng", "L. Pang", "J. García"), id="initials"),
        pytest.param(("Jingcheng Deng", "et al."), id="et al."),
        pytest.param((), id="none"),
    ],
)
def test_authors_are_the_same_however_they_are_written(authors: tuple[str, ...]) -> None:
    """Order of names, accents, initials and a shortened list do not part a work."""
    assert agree(taken(abstract=""), taken(abstract="", authors=authors))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Overview of BioASQ 2024: The twelfth challenge on indexing",
            "Overview of BioASQ 2025: The thirteenth challenge on indexing",
        ),
        ("Kwai Keye-VL Technical Report", "Kwai Keye-VL 1.5 Technical Report"),
        ("Co-Seg: Mutual Guided Learning for Tissue", "Co-Seg++: Mutual Guided Learning for Tissue"),
        ("A Survey on Efficient Models", "A Survey on Efficient Models II"),
    ],
    ids=["year", "version", "plus", "ordinal"],
)
def test_the_next_of_a_series_is_another_work(one: str, other: str) -> None:
    """A year, version, `++` or ordinal on one side parts two works, even with the same authors."""
    assert not agree(taken(one, abstract=""), taken(other, abstract=""))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "Random-phase Wave Splatting for Holography", "Wave Splatting for Holography", id="in front"
        ),
        pytest.param(
            "SAMSA: Spectral Angles for Prompts", "SAMSA 2.0: Spectral Angles for Prompts", id="2.0"
        ),
    ],
)
def test_a_qualifier_makes_another_work(one: str, other: str) -> None:
    """What stands before an old title names a work that builds on it."""
    assert not agree(taken(one, abstract=""), taken(other, abstract=""))


def test_a_name_put_before_the_title_leaves_the_work_the_same() -> None:
    """Authors who find a name for their method often add it in front, with a colon."""
    assert agree(taken(abstract=""), taken(f"LatentVoc: {TITLE}", abstract=""))


def test_a_coined_name_survives_a_new_subtitle() -> None:
    """The same team's GeoArena is the same work; another team's, or an everyday word, is not."""
    one = taken("GeoArena: An Open Platform for Benchmarking", abstract="")
    other = "GeoArena: Evaluating Geographic Reasoning in the Wild"
    assert agree(one, taken(other, abstract=""))
    assert not agree(one, taken(other, abstract="", authors=("Jingcheng Deng", "A. Stranger", "B. Stranger")))
    assert not agree(
        taken("Introduction: What This Is", abstract=""), taken("Introduction: Where to Begin", abstract="")
    )


def test_the_same_abstract_outweighs_a_changed_year() -> None:
    """What reads word for word alike is one text, whatever number its title got."""
    assert agree(taken("An Overview of Things 2024"), taken("An Overview of Things 2025"))


def test_strangers_with_one_title_are_two_works() -> None:
    """No shared author parts two works of the same title."""
    assert not agree(taken(abstract=""), taken(abstract="", authors=("Somebody Else", "Another Person")))


def test_identifiers_decide_where_both_sides_have_one() -> None:
    """Equal numbers join different texts; different numbers part equal ones."""
    assert agree(taken(arxiv_id="2606.00001"), taken("Renamed", "Rewritten.", arxiv_id="2606.00001"))
    assert not agree(taken(arxiv_id="2606.00001"), taken(arxiv_id="2606.00002"))
    assert not agree(taken(doi="10.1101/1"), taken(doi="10.1101/2"))
    assert agree(taken(arxiv_id="2606.00001"), taken(doi="10.1101/2"))


def test_two_arxiv_numbers_are_never_chained() -> None:
    """A description without number belongs to one of two look-alikes; it does not join them."""
    prints = [taken(arxiv_id="2606.00001"), taken(), taken(arxiv_id="2606.00002")]
    groups = same_work(prints)
    assert len(groups) == 2
    assert not any({0, 2} <= set(group) for group in groups)


def test_a_crowd_of_one_title_is_still_put_together() -> None:
    """A hundred copies without identifier are one work, though no trait tells them apart."""
    assert same_work([taken()] * 100) == (tuple(range(100)),)


def test_a_title_alone_must_say_something() -> None:
    """No words, or words that any journal uses, name no work; a whole title does, in any script."""
    assert not agree(taken("", "", ()), taken("!!!", "", ()))
    assert not agree(taken("Editorial", "", ()), taken("Editorial", "", ()))
    assert not agree(taken("A Survey of Everything That Is", "", ()), taken("A Survey of Everything", "", ()))
    assert agree(taken(TITLE, "", ()), taken(TITLE.lower(), "", ()))
    chinese = "基于大规模语言模型的多步推理与规划方法的系统性研究"
    assert agree(taken(chinese, "", ()), taken(chinese, "", ()))


HOSTILE = [
    pytest.param("\u202e" + "a" * 100_000, id="a hundred thousand letters"),
    pytest.param("[" * 50_000, id="brackets that never close"),
    pytest.param("\\" * 50_000 + "$" * 50_000, id="nothing but LaTeX"),
    pytest.param("|" + " a" * 50_000, id="a site name without end"),
    pytest.param(" - " * 30_000, id="nothing but subtitles"),
    pytest.param("&amp;" * 30_000, id="entities of entities"),
    pytest.param("e" + "\u0301" * 50_000, id="fifty thousand accents"),
    pytest.param("🔥" * 50_000, id="nothing but emoji"),
    pytest.param("\x00\ud800\ufffe", id="what is no character"),
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_stops_the_comparison(title: str) -> None:
    """Whatever a stranger calls a paper, it is compared without delay and is like no other."""
    assert not agree(taken(title), taken("Something else", "Other words entirely, about other things.", ()))


def test_the_cost_grows_with_the_number_of_records() -> None:
    """Twice as many records mean about twice as many comparisons, a few for each."""
    random = Random(20260610)
    words = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in ("nt", "sk", "rt", "lo", "ve", "x")]

    def comparisons(count: int) -> int:
        prints = [
            Fingerprint.of(" ".join(random.choices(words, k=9)), " ".join(random.choices(words, k=40)))
            for _ in range(count)
        ]
        return len(candidates(prints))

    few, many = comparisons(1_000), comparisons(2_000)
    assert many < 5 * 2_000
    assert many < 3 * max(few, 100)
