"""LaTeX: the Unicode that says the same; what only its authors know is marked as missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.text.latex import to_unicode


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
        (r"$\frac{a}{b}$ and $\frac{n+1}{2}$", "a/b and (n+1)/2"),
        (r"$\sqrt{x_1}$, $\sqrt{T x^{2}}$, $\tilde{O}(\sqrt{T})$", "√x₁, √(T x²), Õ(√T)"),
        (r"$2^q$, $W_q^{\top}$, $x_{a+C}$", "2^q, W_q^⊤, x_(a+C)"),
        (r"\unknown{x} and \href{u}{v}", "x and v"),
        (r"\textcolor{black}{seen}, \color{red}too, \revised[1]{new} words", "seen, too, new words"),
        (r"$\texttt{Complex-Edit}$ runs $\mathbf{1.6\times}$ faster", "Complex-Edit runs 1.6× faster"),
        (r"We introduce \bench{}, a benchmark", "We introduce […], a benchmark"),
        (r"We propose \ours, and \textsc{\modelname}", "We propose […], and […]"),
        (
            r"Terminal-Bench~2.0, ~10 (~35) at https://x.example/~ada/",
            "Terminal-Bench 2.0, ∼10 (∼35) at https://x.example/~ada/",
        ),
        (r"a -- b, pages 1--3---as ``said'' and `meant'", "a – b, pages 1–3—as “said” and ‘meant’"),
        (r"run it with --flag", "run it with --flag"),
        (r"as shown~\cite{x}, and by others \citep[see][p. 3]{y}.", "as shown, and by others."),
        (r"{BERT} at 46.6{\deg}, {\bf bold} and \unicode{x2013}", "BERT at 46.6°, bold and –"),
        (r"the set $\{0,1\}^n$ or {a, b}", "the set {0,1}ⁿ or {a, b}"),
        (r"cut \textbf{in the mid", "cut in the mid"),
        (r"GRASP-HO}, a model", "GRASP-HO, a model"),
        (r"10^6 and \ensuremath{10^{6}}, \eg, \SI{5}{\kilo\meter}", "10⁶ and 10⁶, e.g., 5 km"),
        (r"H\textsubscript{2}O and m\textsuperscript{2}", "H₂O and m²"),
    ],
)
def test_latex_becomes_the_unicode_that_says_the_same(written: str, shown: str) -> None:
    """Symbols, scripts and accents are characters; unknown macros keep their argument."""
    assert to_unicode(written) == shown


@given(st.text(st.sampled_from(r"\${}^_ abcαtextbf'\"%&[]~-`")))
def test_any_text_comes_back(written: str) -> None:
    """Broken LaTeX raises nothing, and text without LaTeX is untouched."""
    shown = to_unicode(written)
    assert "\\" not in shown
    if not set(written) & set(r"\${}~`-^"):
        assert shown == written


@pytest.mark.parametrize(
    "written", [r"\hat" * 9_000, "{" * 20_000, r"\frac{" * 3_000, "$" * 20_000, r"x^{_" * 5_000]
)
def test_deep_latex_is_read_in_no_time(written: str) -> None:
    """What nests thousands deep is no formula, and costs neither the stack nor its square."""
    assert len(to_unicode(written)) <= len(written)
