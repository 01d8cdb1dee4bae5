"""Tell papers from notices about papers, and abstracts from what publishers put in their place.

One rule for every adapter. A retraction or withdrawal marks the work that it
is of, under whatever identifier it is known; a correction is dropped, because
it is not a new work. What a publisher prints instead of an abstract or before it
(`Nature, Published online: …`) is taken out, and so is `[ASAP]` before a title.
"""

import re
from collections.abc import Iterable

from newsletter.models import Sighting
from newsletter.sources.markup.xml_split import Problem

_WORK = r"(?:paper|article|submission|manuscript|work|preprint|e-?print|version|study|report|publication)"
_GONE = r"(?:withdrawn|retracted|removed)"
_TAGS = re.compile(
    r"\s*(?:\[(?:articles? asap|asap|just accepted|early (?:view|access)|online first|advance (?:article"
    r"|access)|"
    r"in press|ahead of print|accepted manuscript|open access|oa|preprint|pdf|html|[rpnd])\]\s+)+",
    re.IGNORECASE,
)
_NUMBER_AFTER = re.compile(r"\.?\s*\(arXiv:[^()]{5,60}\)(?:\s+UPDATED!?)?\s*$")
_RETRACTED = re.compile(
    r"\s*(?:\[?\(?(?:retracted|withdrawn|removed)(?: (?:article|paper|manuscript|preprint"
    r"|chapter))?(?:\s*[:\])–—]|\s-)"
    r"|temporary removal\s*:)[\s:\])–—-]*",
    re.IGNORECASE,
)
_RETRACTED_AFTER = re.compile(
    r"\s*[\[(–—-]\s*(?:this \w+ (?:has been|was) )?(?:retracted|withdrawn)(?: article| paper)?\s*[\])]?\s*$",
    re.IGNORECASE,
)
_RETRACTION = re.compile(
    r"\s*(?:statement of (?:retraction|withdrawal)|(?:notice of |editorial )?(?:retraction|withdrawal"
    r"|removal)(?: (?:note|notice|statement))?)"
    r"(?:\s*[:–—]|\s-|\s+(?:to|of|for)\s*(?=[:“\"‘']))[\s:–—-]*",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"\s*(?:\[?(?:corrigend(?:um|a)|errat(?:um|a)|addendum)\b(?=\]?\s*(?:[:“\"‘–—\[(.]|-|$|to\b|for\b|on\b))"
    r"|(?:(?:author|publisher|editorial|editor)(?:['’]?s|s['’])?\s+)?correction(?:s|\s+notice)?\s*(?:(?:to"
    r"|for|of)\s*)?(?:[:“\"‘]|[–—]|$)"
    r"|correction for [^:“\"]{3,80} et al\b"
    r"|(?:author|publisher)(?:['’]?s|s['’])?\s+correction\b|correction to:|publisher['’]s (?:note"
    r"|erratum)\s*:"
    r"|(?:editorial )?expressions? of (?:editorial )?concern\b"
    r"|editor(?:ial|['’]s) note\s*:|matters arising:\s*correction)",
    re.IGNORECASE,
)
_BY_WHOM = r"(?:by|due|because|since|as|for|from|at the|pending|after|until|owing|on)\b"
_SAYS_WITHDRAWN = re.compile(
    rf"[\s\[(*“\"]*(?:note:\s*|notice:\s*)?(?:"
    rf"(?:(?:this|the|our|present|above|current)\s+){{0,2}}{_WORK}(?:\s+\S{{0,60}}){{0,3}}?\s+(?:(?:has"
    rf"|have|had)\s+(?:now\s+)?(?:been|to be)|was|is|is being|is hereby|will be)\s+(?:temporarily "
    rf"|voluntarily |permanently |hereby |formally )?{_GONE}(?:\s+{_BY_WHOM}|\s*[.,;\])]|\s*$)"
    rf"|{_WORK}\s+{_GONE}(?:\s+{_BY_WHOM}|\s*[.,;\])]|\s*$)"
    rf"|{_GONE}(?:\s+(?:by the (?:author|submitter|publisher|editor)|by (?:author|arxiv|biorxiv|medrxiv)"
    rf"|due to|because|at the|pending|owing|from arxiv)|\s*[.:;\])]|\s*$)"
    rf"|(?:the\s+)?(?:corresponding\s+|senior\s+|first\s+)?(?:authors?|editors?|publisher|biorxiv|medrxiv"
    rf"|arxiv|cold spring harbor laboratory|openrxiv)\s+(?:\S+\s+){{0,4}}?(?:withdrawn|retracted"
    rf"|withdraws?|retracts?|withdrew|withdrawing)\s+(?:this|the|their|our)\s+(?:\S+\s+)?{_WORK}"
    rf"|(?:i|we)\s+(?:\S+\s+){{0,4}}?(?:withdrawn|retracted|withdraw|retract|withdrew|withdrawing"
    rf"|retracting)\s+(?:this|the|our|my)\s+(?:\S+\s+)?{_WORK}"
    r"|(?:the )?above article\b.{0,300}\b(?:retracted|withdrawn)\b"
    r"|statement of retraction\b)",
    re.IGNORECASE | re.DOTALL,
)
_SAYS_SO_LATER = re.compile(
    rf"arxiv admin note:\s*(?:this|the)\s+{_WORK}[^.]{{0,80}}\b{_GONE}\b|\bthis {_WORK} (?:has been|was"
    rf"|is) {_GONE} by (?:the |its )?(?:author|arxiv)",
    re.IGNORECASE,
)
_INSTEAD = (
    re.compile(r"[^.;]{2,100}, Published online:? [^;]{6,40};\s*doi:\s?10\.\S+\s*", re.IGNORECASE),
    re.compile(
        r"Publication date:.{0,100}?Source:.{0,300}?(?:Author\(s\):.{0,5000})?$", re.IGNORECASE | re.DOTALL
    ),
    re.compile(r"Article URL:.{0,3000}$", re.IGNORECASE | re.DOTALL),
    re.compile(
        r"[^.]{3,120}?,?\s*(?:Ahead of Print|Early View|Accepted Article|Online First|Articles? in Advance"
        r"|Volume \d{1,4}(?:, (?:Issue|Number) [\w-]{1,12})?(?:, (?:pages? )?[\w–-]{1,20}){0,2}(?:,"
        r" [A-Z][a-z]{2,9}\.? \d{4})?)\s*\.?\s*(?=$|[A-Z])"
    ),
    re.compile(
        r"[^:]{3,160}?,? ?\d{0,4},? ?(?:Advance Article|Accepted Manuscript|Just Accepted|Article"
        r" ASAP)?,?\s*\bDOI\s?:\s*10\.\d{4,9}/[^\s,]+(?:,\s*(?:Edge Article|Paper|Communication|Review"
        r" Article|Review|Perspective|Minireview|Tutorial Review|Feature Article|Highlight)\b(?:\s*Open"
        r" Access\b)?)?\s*"
    ),
    re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)10\.\d{4,9}/\S+\s*", re.IGNORECASE),
    re.compile(
        r"(?:Abstract|Summary)\s*[:.—–-]\s*(?=\S)|ABSTRACT\s+|Abstract\s+(?=(?:Background|The|We|In|This"
        r"|Objectives?|Purpose|Here|A|An|Motivation|Introduction|Aims?|Importance|Context|Rationale)\b)"
    ),
)
"""What is printed before an abstract or in its place by Nature, Elsevier, Hacker News, Wiley, ACS and RSC."""
_AMONG = re.compile(
    r"\s*(?:\bAdd to Selected Citations\b|\bView (?:Article|Abstract|Full Text|PDF)\b|\bDownload (?:PDF"
    r"|Citation)\b"
    r"|\bTo cite this article before page numbers are assigned, use the DOI form of citation above\."
    r"|\bThe content of this RSS Feed \(c\) The Royal Society of Chemistry"
    r"|\barXiv admin note: (?:substantial )?text overlap with [^.]{0,200}\S*|\bContinue"
    r" reading\b.{0,200}?(?:→|»|$)|\bRead more\s*(?:→|»|…|\.\.\.|$)"
    r"|\bThe post .{1,300}? (?:appeared first on|first appeared on) .{1,100}?\.?$|\bsubmitted"
    r" by\s+/u/\S+.{0,60}$|\[link\]\s*\[comments\])",
    re.IGNORECASE,
)  # fmt: skip
_NAME = re.compile(
    r"(?:(?:[^\W\d_a-z][\w.'’-]*|de|da|di|del|van|von|der|den|la|le|el|al|bin|ibn|y|e)\s*){1,6}[\d*†‡]*"
)


def sorted_out(found: Iterable[Sighting]) -> tuple[list[Sighting], list[Problem]]:
    """Return sightings of papers, those of withdrawn ones marked, and the notices that were dropped."""
    kept: list[Sighting] = []
    dropped: list[Problem] = []
    for one in found:
        if _CORRECTION.match(one.title):
            dropped.append(Problem(f"“{one.title[:80]}”", "it corrects a paper and is none itself"))
        else:
            kept.append(judged(one))
    return kept, dropped


def judged(sighting: Sighting) -> Sighting:
    """Return a sighting without boilerplate, and marked where it says that its work is withdrawn.

    A retraction's own DOI names the notice, so its work is known by title.
    """
    title, abstract = (
        bare_title(sighting.title),
        bare_abstract(sighting.abstract, sighting.authors, sighting.title),
    )
    changes: dict[str, object] = {}
    if notice := _RETRACTION.match(title):
        title = title[notice.end() :].strip(" “”\"‘’'")
        changes = {"withdrawn": True, "doi": None}
        abstract = ""
    elif (marked := _RETRACTED.match(title)) or _RETRACTED_AFTER.search(title):
        title = _RETRACTED_AFTER.sub("", title[marked.end() if marked else 0 :]).strip()
        changes = {"withdrawn": True}
    if says_withdrawn(abstract):
        changes["withdrawn"] = True
        abstract = ""
    if title and title != sighting.title:
        changes["title"] = title
    if abstract != sighting.abstract:
        changes["abstract"] = abstract
    return sighting.model_copy(update=changes) if changes else sighting


def says_withdrawn(abstract: str) -> bool:
    """Whether an abstract is a notice of withdrawal.

    >>> says_withdrawn("This paper has been withdrawn by the author due to an error.")
    True
    >>> says_withdrawn("We study how agents withdrawn from training behave.")
    False
    """
    return bool(_SAYS_WITHDRAWN.match(abstract[:1_000]) or _SAYS_SO_LATER.search(abstract))


def bare_title(title: str) -> str:
    """Return a title without the publisher's tags around it.

    >>> bare_title("[ASAP] Ligands at Work"), bare_title("A Study. (arXiv:2301.00001v1 [cs.CL])")
    ('Ligands at Work', 'A Study')
    """
    return _NUMBER_AFTER.sub("", _TAGS.sub("", title, count=1)).strip() or title


def bare_abstract(abstract: str, authors: tuple[str, ...] = (), title: str = "") -> str:
    """Return what the authors wrote of an abstract; empty where a publisher put something else there.

    >>> bare_abstract("Nature, Published online: 30 November 2026; doi:10.1038/s41586-026-00001-1")
    ''
    >>> bare_abstract("Journal of Ligands DOI: 10.1021/jacs.6c00001"), bare_abstract("Abstract: We find it.")
    ('', 'We find it.')
    """
    text = _AMONG.sub("", abstract).strip()
    for pattern in _INSTEAD:
        if before := pattern.match(text):
            text = text[before.end() :].strip()
    text = _without_names(text, authors)
    return "" if text.rstrip(".") == title.rstrip(".") or _is_list_of_names(text) else text


def _without_names(text: str, authors: tuple[str, ...]) -> str:
    """Return a text without the authors' names before it, as PLOS puts them."""
    for start in ("by ", "By ", ""):
        for separator in (", ", "; "):
            names = start + separator.join(authors)
            if len(authors) > (not start) and text.startswith(names):
                return text[len(names) :].lstrip(" .,;:")
    return text


def _is_list_of_names(text: str) -> bool:
    parts = [part.strip() for part in re.split(r",|;|\band\b|&", text.rstrip(".")[:3_000]) if part.strip()]
    return len(parts) > 1 and all(_NAME.fullmatch(part) and " " in part for part in parts)
