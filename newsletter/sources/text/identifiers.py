"""Find arXiv numbers and DOIs in what feeds say.

arXiv: info.arxiv.org/help/arxiv_identifier.html (2007 brought `YYMM.NNNN`,
2015 the fifth digit; before, `archive/YYMMNNN`). DOI: Crossref's pattern for
current DOIs, which the handbook recommends.
"""

import re
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from newsletter.sources.text import registrants

_NEW = r"(?P<new>[0-9]{2}(?:0[1-9]|1[0-2])\.[0-9]{4,5})"
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|"
    "dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|"
    "physics|plasm-ph|q-alg|q-bio|quant-ph|solv-int|supr-con"
)
_OLD = rf"(?P<old>(?:{_ARCHIVES})(?:\.[A-Z]{{2}})?/[0-9]{{7}})"
_VERSION = r"(?:v(?P<version>[1-9][0-9]{0,2}))?(?![0-9A-Za-z])"
_ARXIV_URL = re.compile(
    rf"(?:arxiv\.org/(?:abs|pdf|html|format|ps|e-print|src)/|(?:alphaxiv\.org/(?:abs|overview|pdf)|"
    rf"huggingface\.co/papers|hf\.co/papers|ar5iv(?:\.labs\.arxiv)?\.org/(?:abs|html))/)(?:{_NEW}"
    rf"|{_OLD}){_VERSION}",
    re.IGNORECASE,
)
_ARXIV_WORD = re.compile(rf"\barxiv(?:\.org)?\s?:\s?(?:{_NEW}|{_OLD}){_VERSION}", re.IGNORECASE)
_ARXIV_DOI = re.compile(rf"10\.48550/arxiv\.(?:{_NEW}|{_OLD}){_VERSION}", re.IGNORECASE)
_ARXIV_BARE = re.compile(rf"(?:{_NEW}|{_OLD}){_VERSION}")
_DOI = re.compile(
    r"\b10\.[0-9]{4,9}/(?:\(sici\))?[0-9]{4}-?[0-9]{3}[0-9x]\([0-9/]{1,12}\)[\w.:-]{0,30}[<\[][\w.:,()-]{1,40}[>\]]"
    r"[0-9.]{1,8}(?:co|tx|ab);2(?:-?[\w#])?"  # SICI, an older standard: its brackets tell articles apart
    r"|\b10\.[0-9]{4,9}/[-._;()/:A-Za-z0-9]{1,200}",
    re.IGNORECASE,
)
_PAGES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"nature\.com/articles/((?:s[0-9]{5}-[0-9]{3}-[0-9]{5}-[0-9a-z]|(?:nature|ncomms"
            r"|srep)[0-9]{3,6})(?![0-9a-z]))"
        ),
        "10.1038/{}",
    ),
    (
        re.compile(r"elifesciences\.org/(?:articles|reviewed-preprints)/([0-9]{5,6})(?:v[0-9]+)?"),
        "10.7554/elife.{}",
    ),
    (re.compile(r"osf\.io/preprints/psyarxiv/([a-z0-9]{5}(?:_v[0-9]+)?)"), "10.31234/osf.io/{}"),
    (re.compile(r"osf\.io/preprints/socarxiv/([a-z0-9]{5}(?:_v[0-9]+)?)"), "10.31235/osf.io/{}"),
    (re.compile(r"osf\.io/preprints/osf/([a-z0-9]{5}(?:_v[0-9]+)?)"), "10.31219/osf.io/{}"),
    (re.compile(r"researchsquare\.com/article/(rs-[0-9]{4,9}(?:/v[0-9]+)?)"), "10.21203/rs.3.{}"),
    (
        re.compile(r"preprints\.org/manuscript/([0-9]{6}\.[0-9]{4})/?(?:(v[0-9]+))?"),
        "10.20944/preprints{}.{}",
    ),
    (
        re.compile(r"pubs\.rsc\.org/en/content/article(?:landing|html|pdf)/[0-9]{4}/[a-z]{2}/([a-z0-9]{10})"),
        "10.1039/{}",
    ),
    (
        re.compile(r"ssrn\.com/(?:sol3/papers\.cfm\?(?:.{0,100}&)?abstract_?id=|abstract=)([0-9]{5,9})"),
        "10.2139/ssrn.{}",
    ),
    (re.compile(r"journals\.plos\.org/.{0,60}\?id=(10\.1371/journal\.[a-z]{4}\.[0-9]{7})"), "{}"),
)
"""Pages whose address holds the DOI's end, in lower case."""
_PREPRINT = re.compile(
    r"(?:bio|med)rxiv\.org/(?:cgi/content/short|content/(?:bio|med)rxiv/early(?:/[0-9]{2,4}){3})/"
    r"(?P<tail>(?P<day>[0-9]{4}\.[0-9]{2}\.[0-9]{2})\.[0-9]+|[0-9]{6,})"
    r"(?:v(?P<version>[0-9]{1,3}))?"
)
_MOVED = "2025.12"
"""Since about this month bioRxiv and medRxiv register under openRxiv's prefix; a feed's word goes first."""


_MOST = 1_000
"""Mentions that are looked at in one text."""


class WorkId(NamedTuple):
    """What names a work: an arXiv number without version, or a DOI in lower case."""

    arxiv_id: str | None = None
    doi: str | None = None
    version: int | None = None


def arxiv_number(text: str) -> WorkId | None:
    """Read a bare number, with or without version, or None.

    >>> arxiv_number("2604.21935v2")
    WorkId(arxiv_id='2604.21935', doi=None, version=2)
    """
    found = _ARXIV_BARE.fullmatch(text.strip())
    return _arxiv(found) if found else None


def in_address(url: str) -> WorkId | None:
    """Return the work that an address leads to, or None.

    >>> in_address("https://www.biorxiv.org/content/10.1101/2024.05.30.596691v1")
    WorkId(arxiv_id=None, doi='10.1101/2024.05.30.596691', version=1)
    """
    found = _ARXIV_URL.search(url[:2_000]) or _ARXIV_DOI.search(url[:2_000])
    if found:
        return _arxiv(found)
    if preprint := _PREPRINT.search(url):
        prefix = "10.64898" if (preprint["day"] or "") >= _MOVED else "10.1101"
        return WorkId(
            doi=f"{prefix}/{preprint['tail']}",
            version=int(preprint["version"]) if preprint["version"] else None,
        )
    for page, doi in _PAGES:
        if found := page.search(url[:2_000].lower()):
            return _doi(doi.format(*(part or "" for part in found.groups())).rstrip("."))
    path = (
        unquote(url.partition("?")[0]) if _is_resolver(url) or "/10." in url or "%2F" in url.upper() else ""
    )
    return in_identifier(path) if path else None


def in_identifier(text: str) -> WorkId | None:
    """Return the work that an identifier names (`doi:10.1101/1`, `oai:arXiv.org:2604.21935v1`), or None."""
    text = text[:2_000]
    found = _ARXIV_DOI.search(text) or _ARXIV_WORD.search(text)
    if found:
        return _arxiv(found)
    doi = _DOI.search(text)
    return _doi(doi.group()) if doi else None


def in_text(text: str) -> tuple[WorkId, ...]:
    """Return the works that a text names by number, in order, each once (the highest version named)."""
    spans: list[tuple[int, WorkId]] = []
    for pattern in (_ARXIV_URL, _ARXIV_DOI, _ARXIV_WORD):
        spans += [(found.start(), _arxiv(found)) for found in islice(pattern.finditer(text), _MOST)]
    for found in islice(_DOI.finditer(text), _MOST):
        work = _doi(found.group())
        if work and not work.doi.startswith("10.48550/arxiv"):  # type: ignore[union-attr]  # _doi sets it
            spans.append((found.start(), work))
    return distinct([work for _, work in sorted(spans, key=lambda one: one[0])])


def distinct(works: list[WorkId]) -> tuple[WorkId, ...]:
    """Return works in order, each once, with the highest version that was named."""
    best: dict[tuple[str | None, str | None], WorkId] = {}
    for work in works:
        key = (work.arxiv_id, work.doi)
        known = best.get(key)
        if known is None or (work.version or 0) > (known.version or 0):
            best[key] = work
    return tuple(best.values())


def _arxiv(found: re.Match[str]) -> WorkId:
    number = found["new"] or _without_subject(found["old"].lower())
    return WorkId(arxiv_id=number, version=int(found["version"]) if found["version"] else None)


def _without_subject(old: str) -> str:
    """Return `math/0309136` for `math.AG/0309136`: the subject does not belong to the number."""
    archive, _, number = old.partition("/")
    return f"{archive.partition('.')[0]}/{number}"


def _doi(found: str) -> WorkId | None:
    text = found.rstrip(".,;:").lower()
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1].rstrip(".,;:")
    if text.endswith("/"):
        text = text.rstrip("/")
    doi, version = registrants.without_version(registrants.without_tail(text))
    return WorkId(doi=doi, version=version) if doi.partition("/")[2] else None


def _is_resolver(url: str) -> bool:
    return re.match(r"https?://(?:dx\.|www\.)?doi\.org/", url, re.IGNORECASE) is not None
