"""LaTeX: Unicode where nothing is lost, as written where something would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.latex import to_unicode


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"Schr\"odinger and G\"{o}del", "Schrödinger and Gödel"),
        (r"Erd\H{o}s, \'{E}cole, na\"{\i}ve, \v{C}ech, {\O}rsted", "Erdős, École, naïve, Čech, Ørsted"),
        (r"$\alpha$-divergence", "α-divergence"),
        (r"An $\ell_2$ bound in $O(n \log n)$", "An ℓ₂ bound in O(n log n)"),
        (r"$10^{-3}$ at 360$^\circ$", "10⁻³ at 360°"),
        (r"R$^2$: $\mathbb{R}^n$ and $\mathcal{O}(1)$", "R²: ℝⁿ and 𝒪(1)"),
        (r"\textbf{Bold} and \emph{very \textit{nested}}", "Bold and very nested"),
        (r"98.4\% of R\&D_1", "98.4% of R&D_1"),
        (r"a bare 50% stays", "a bare 50% stays"),
        (r"costs $5 and $10 a month", "costs $5 and $10 a month"),
        (r"between $5k and US$ 7", "between $5k and US$ 7"),
        (r"$\frac{a}{b}$", r"$\frac{a}{b}$"),
        (r"$\sqrt{x_1}$ stays whole", r"$\sqrt{x_1}$ stays whole"),
        (r"$2^q$ has no Unicode", r"$2^q$ has no Unicode"),
        (r"\unknown{x} and \href{u}{v}", r"\unknown{x} and \href{u}{v}"),
        (r"$\texttt{Complex-Edit}$", "Complex-Edit"),
    ],
)
def test_latex_becomes_unicode_where_nothing_is_lost(written: str, shown: str) -> None:
    """Each formula is converted whole or not at all."""
    assert to_unicode(written) == shown


@given(st.text(st.sampled_from(r"\${}^_ abcαtextbf'\"%&")))
def test_any_text_comes_back(written: str) -> None:
    """Broken LaTeX raises nothing, and text without LaTeX is untouched."""
    shown = to_unicode(written)
    assert isinstance(shown, str)
    if "\\" not in written and "$" not in written:
        assert shown == written
