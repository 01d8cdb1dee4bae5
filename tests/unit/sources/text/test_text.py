"""Text: what strangers wrote becomes one line that is safe to show, and loses nothing that is meant."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.text import text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Attention\r\nBcc: everybody@example.org", "Attention Bcc: everybody@example.org"),
        ("a\u2028b\u2029c\x0bd\x85e", "a b c d e"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("zero\u200bwidth\u00ad soft\ufeff", "zerowidth soft"),
        ("tag\U000e0041ged", "tagged"),
        ("e\u0301", "é"),
        ("Z" + "\u0301" * 40 + "algo", "Ź\u0301\u0301\u0301algo"),
        ("<script>alert(1)</script>Title", "Title"),
        ("&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;Title", "Title"),
        ("<b>Bold</b> claim", "Bold claim"),
        ("<x onclick=alert(1)>y", "y"),
        ("hello <img src=x onerror=alert(1)", "hello"),
        ("p<0.05 and a<b and c>d", "p<0.05 and a<b and c>d"),
        ("the <think> and </think> tokens", "the <think> and </think> tokens"),
        ("AT&amp;T & R&D", "AT&T & R&D"),
        ("<a href='javascript:alert(1)'>link</a>", "link"),
    ],
)
def test_a_plain_title_is_one_safe_line(written: str, shown: str) -> None:
    """Line breaks, invisible characters and markup are gone; signs that only look like markup stay."""
    assert text.title(written) == shown


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("A <em>title</em> &amp; more", "A title & more"),
        ("one<br>two</p><p>three", "one two three"),
        ("<style>p{}</style><p>text</p><script>x()</script>", "text"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;x", "x"),
        ("&amp;lt;b&amp;gt;x", "x"),
        ("<svg/onload=alert(1)>x", "x"),
        ("<!-- hidden -->seen", "seen"),
        ("<p>" * 5_000 + "deep", ""),
    ],
)
def test_the_text_of_html_is_what_a_reader_sees(markup: str, shown: str) -> None:
    """Tags, scripts and styles are gone, entities are characters, and what entities hid is markup as well."""
    assert text.title(markup, is_html=True) == shown


_SQUARE = "<mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup>"


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("1.5 × 10<sup>-6</sup> M, 10&lt;sup&gt;15&lt;/sup&gt; FLOPs", "1.5 × 10⁻⁶ M, 10¹⁵ FLOPs"),
        ("SrTiO<sub>3</sub>, Ca<sup class='x'>2+</sup>, B<sup><i>0</i></sup>", "SrTiO₃, Ca²⁺, B⁰"),
        ("<jats:p>10<jats:sup>−3</jats:sup> <jats:italic>p</jats:italic></jats:p>", "10⁻³ p"),
        ("Rosa26<sup>fl/fl</sup> at T<sub>C</sub>", "Rosa26^fl/fl at T_C"),
        ("<math><mi>α</mi><mo>=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac></math> grows", "α=1/2 grows"),
        (f"that <mml:math>{_SQUARE}</mml:math> grows", "that x² grows"),
        ("that <math><msqrt><mi>log</mi><mi>n</mi></msqrt></math> grows", "that √(log n) grows"),
        ('that <math alttext="x_1"></math> grows', "that x₁ grows"),
        ("that <math></math> grows", "that […] grows"),
        (
            f"<alternatives><tex-math>$$x^2$$</tex-math><mml:math>{_SQUARE}</mml:math></alternatives> grows",
            "x² grows",
        ),
        (
            r"<tex-math>\documentclass{minimal}\begin{document}$$\alpha$$\end{document}</tex-math> grows",
            "α grows",
        ),
        ('the <script type="math/tex">x^2</script> grows', "the x² grows"),
        ("<inline-formula><inline-graphic href='x.gif'/></inline-formula> grows", "[…] grows"),
        ("that <img src=x.png alt='α'> grows and <img src=y.png> falls", "that α grows and […] falls"),
        ("<picture><source srcset=a><img src=b></picture><time>May</time> it grows", "May it grows"),
    ],
)
def test_formulas_in_markup_become_characters(markup: str, shown: str) -> None:
    """Raised and lowered text, MathML and LaTeX say the same without tags; what cannot be shown is marked."""
    assert text.abstract(markup, is_html=True) == shown
    assert text.abstract(markup) == shown


def test_a_footnote_is_no_part_of_a_name() -> None:
    """Raised numbers behind a name lead to an address."""
    assert text.names(["Jane Doe<sup>1,2</sup>", "Sam Roe$^{*}$"]) == ("Jane Doe", "Sam Roe")


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.booleans())
def test_no_title_holds_a_control_character(written: str, is_html: bool) -> None:
    """Whatever comes in: nothing that moves a line, turns the writing or hides comes out."""
    shown = text.title(written, is_html=is_html)
    assert not {"Cc", "Cf", "Cs", "Co"} & {unicodedata.category(character) for character in shown}
    assert len(shown) <= text.MAX_TITLE


@given(
    st.lists(
        st.sampled_from(["<", ">", "script", "/", "img", " ", "src=x", "&lt;", "a", "!--", "onerror=", "svg"])
    )
)
def test_no_title_holds_a_script(pieces: list[str]) -> None:
    """However tags are nested, cut or escaped, none that could act is left."""
    for is_html in (False, True):
        shown = text.title("".join(pieces), is_html=is_html)
        assert not text._MARKUP.search(shown)


@pytest.mark.parametrize(
    ("url", "base", "link"),
    [
        ("https://example.org/a b", "", "https://example.org/ab"),
        ("/paper", "https://example.org/feed", "https://example.org/paper"),
        (" http://example.org ", "", "http://example.org/"),
        ("https://example.org/ä?q=ö#top", "", "https://example.org/%C3%A4?q=%C3%B6#top"),
        ("javascript:alert(1)", "https://example.org/", None),
        ("java\nscript:alert(1)", "https://example.org/", None),
        ("data:text/html,x", "", None),
        ("mailto:a@example.org", "", None),
        ('https://example.org/"onmouseover=', "", None),
        ("http://[::1", "", None),
        ("", "", None),
        (None, "", None),
    ],
)
def test_only_web_links_are_printed(url: str | None, base: str, link: str | None) -> None:
    """A link is http or https, in ASCII, without spaces or quotes; anything else is none."""
    assert text.web_link(url, base) == link


def test_authors_are_cleaned_and_listed_once() -> None:
    """Empty and repeated names are dropped, order is kept, affiliations in brackets are no names."""
    line = 'Ada Lovelace (Analytical, Ltd), J\\"org M\\"uller, <b>Ada Lovelace</b>,  and Alan Turing'
    assert text.names(text.split_names(line)) == ("Ada Lovelace", "Jörg Müller", "Alan Turing")
