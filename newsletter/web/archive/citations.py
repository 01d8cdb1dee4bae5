"""An edition as references: BibTeX, RIS and JSON."""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from newsletter.models import Edition, Entry, Paper
from newsletter.rendering import phrasing
from newsletter.rendering.templating import untrusted
from newsletter.web import values

_LONGEST_FIELD = 20_000
_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
_TEX_SPECIAL = re.compile(r"[\\&%$#_{}~^]")
_ENDS_A_FIELD = re.compile(r"[\\{}^\"\s]")
"""What neither BibTeX nor an address bears as it is."""


def bibtex(edition: Edition, base_url: str) -> str:
    """Write one `@misc` a paper, in reading order, in UTF-8 with TeX's own signs escaped."""
    head = f"% {base_url}/d/{edition.date.isoformat()}\n\n"
    return head + "\n".join(_bibtex_entry(entry.paper) for entry in edition.entries)


def _bibtex_entry(paper: Paper) -> str:
    fields = {
        "title": f"{{{_tex(paper.title)}}}",
        "author": " and ".join(_author(name) for name in paper.authors),
        "year": str((paper.announced or paper.first_seen).year),
        "doi": _verbatim(paper.doi or ""),
        "eprint": _verbatim(paper.arxiv_id or ""),
        "archiveprefix": "arXiv" if paper.arxiv_id else "",
        "primaryclass": _tex(paper.categories[0]) if paper.arxiv_id and paper.categories else "",
        "url": _verbatim(phrasing.home(paper) or ""),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@misc{{{phrasing.anchor(paper)},\n{lines}}}\n"


def _verbatim(address: str) -> str:
    """Write an address or identifier as BibTeX's verbatim fields do: TeX's signs stay, braces are encoded.

    >>> _verbatim("https://example.org/a_b%20c?d={e}#f")
    'https://example.org/a_b%20c?d=%7Be%7D#f'
    """
    return _ENDS_A_FIELD.sub(lambda found: quote(found[0], safe=""), _one_line(address))


def _author(name: str) -> str:
    """Write one author; braces keep a name together that BibTeX would take for several."""
    written = _tex(name)
    return f"{{{written}}}" if " and " in f" {written.lower()} " else written


def _tex(text: str) -> str:
    """Escape TeX's signs. BibTeX counts braces, escaped or not: those that do not pair get names."""
    line = _one_line(text)
    signs = _TEX if _is_paired(line) else _TEX | {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
    return _TEX_SPECIAL.sub(lambda found: signs[found.group()], line)


def _is_paired(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0


def _one_line(text: str) -> str:
    return untrusted.line(text, _LONGEST_FIELD)


def ris(edition: Edition, base_url: str) -> str:
    """Write one RIS record a paper (type UNPB), lines ended as the format asks."""
    lines = [line for entry in edition.entries for line in _ris_record(entry, edition, base_url)]
    return "\r\n".join(lines) + "\r\n"


def _ris_record(entry: Entry, edition: Edition, base_url: str) -> list[str]:
    paper = entry.paper
    tags = [("TY", "UNPB"), ("TI", paper.title)]
    tags += [("AU", name) for name in paper.authors]
    tags += [
        ("PY", str((paper.announced or paper.first_seen).year)),
        ("AB", paper.abstract),
        ("DO", paper.doi or ""),
        ("M1", f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else ""),
        ("UR", phrasing.home(paper) or ""),
        ("N1", f"{base_url}/d/{edition.date.isoformat()}#{phrasing.anchor(paper)}"),
    ]
    return [f"{tag}  - {_one_line(value)}" for tag, value in tags if value.strip()] + ["ER  - ", ""]


def plain(edition: Edition, base_url: str) -> str:
    """Write the edition as JSON: what the page shows, with the numbers behind each choice."""
    return values.Edition.of(edition, base_url).model_dump_json(indent=1)


class Format(NamedTuple):
    """A way to hand an edition on."""

    title: str
    media_type: str
    write: Callable[[Edition, str], str]


FORMATS = {
    "bib": Format("BibTeX", "application/x-bibtex", bibtex),
    "ris": Format("RIS", "application/x-research-info-systems", ris),
    "json": Format("JSON", "application/json", plain),
}
"""By the ending of `/d/YYYY-MM-DD.…`."""
