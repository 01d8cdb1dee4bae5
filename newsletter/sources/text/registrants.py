"""What is known of those who register DOIs: how they write versions, what their addresses add, who moved.

A DOI is opaque but for the prefix, so a rule holds for its registrant alone.
The rules follow the shapes that the registrants' DOIs are seen to have; a
prefix that is not listed is left as it is.
"""

import re
from typing import NamedTuple


class Preprints(NamedTuple):
    """How a server numbers versions at the end of a DOI."""

    suffix: re.Pattern[str]
    """What makes a DOI one of the server's; its first group is the version."""
    first: str = ""
    """What is added where the DOI without a version leads nowhere."""


_V = "([0-9]{1,3})"
_OPENRXIV = Preprints(re.compile(rf"v{_V}(?:\.[a-z.+-]+)?$"))
_DOT_V = Preprints(re.compile(rf"\.v{_V}$"), ".v1")
_SLASH_V = Preprints(re.compile(rf"/v{_V}$"), "/v1")
_DASH_V = Preprints(re.compile(rf"-v{_V}$"))
_F1000 = Preprints(re.compile(rf"(?<=[0-9]{{4}})\.{_V}$"), ".1")
_VERSIONS: dict[str, tuple[Preprints, ...]] = {
    "10.1101": (_OPENRXIV,),  # bioRxiv, medRxiv: connect.biorxiv.org/news
    "10.64898": (_OPENRXIV,),  # openRxiv, their owner since 2025
    "10.26434": (_DASH_V, _DOT_V),  # ChemRxiv
    "10.33774": (_DASH_V,),  # Cambridge Open Engage
    "10.21203": (_SLASH_V,),  # Research Square
    "10.20944": (_DOT_V,),  # preprints.org
    "10.36227": (_DOT_V, _SLASH_V),  # TechRxiv
    "10.22541": (_SLASH_V,),  # Authorea
    "10.14293": (_DOT_V,),  # ScienceOpen
    "10.6084": (_DOT_V,),  # figshare
    "10.12688": (_F1000,),  # F1000Research, Wellcome, Gates, Open Research Europe
    "10.7554": (Preprints(re.compile(rf"(?<=[0-9]{{5}})\.{_V}$")),),  # eLife
    "10.32388": (Preprints(re.compile(rf"\.{_V}$")),),  # Qeios
    "10.55277": (Preprints(re.compile(rf"(?<=[a-z0-9])\.{_V}$"), ".1"),),  # ResearchHub
}
_OSF = Preprints(re.compile(rf"(?<=osf\.io/[a-z0-9]{{5}})_v{_V}$"))
"""OSF hosts PsyArXiv, SocArXiv and others, each with a prefix of its own (help.osf.io, preprint versions)."""
_NUMBERED_ADDRESS = frozenset(
    ["10.1093", "10.1063", "10.1182", "10.1158", "10.1121", "10.1130", "10.1115", "10.1162", "10.1116"]
)
"""Their sites (Silverchair's) add the article's number there to the DOI, and sometimes the title."""
_TAIL = re.compile(
    r"(?:/(?:full(?:[._-]?text)?(?:[./]html)?|abstract|abs|meta|e?pdf(?:direct|plus)?|ampdf|epub|html|references"
    r"|figures?|tables|metrics|citations?|suppl(?:_file|ementary|ementary-material)?|suppinfo|summary|authors"
    r"|related|comments|download|article-info|reader)(?:/.*|\.html?|\.pdf)?"
    r"|\.(?:pdf|html?|xml|epub|full|abstract|short|supplementary-material|article-info)(?:[-.+](?:text|pdf|html))?|/)$"
)
_NUMBER = re.compile(r"(?<=.)/[0-9]{4,9}(?:/.*)?$")
_DATED = re.compile(r"10\.(?:1101|64898)/(?P<tail>[0-9]{4}\.[0-9]{2}\.[0-9]{2}\.[0-9]{5,9})")


def without_tail(doi: str) -> str:
    """Return a DOI without what the publisher's address adds to it.

    >>> without_tail("10.3389/frai.2026.1234567/full"), without_tail("10.1093/bioinformatics/btag123/7012345")
    ('10.3389/frai.2026.1234567', '10.1093/bioinformatics/btag123')
    """
    prefix, _, rest = doi.partition("/")
    if prefix in _NUMBERED_ADDRESS:
        rest = _NUMBER.sub("", rest)
    for _ in range(3):  # `/pdf/…/` and `.full.pdf`
        found = _TAIL.search(rest)
        if not found or not found.start():
            break
        rest = rest[: found.start()]
    return f"{prefix}/{rest}"


def without_version(doi: str) -> tuple[str, int | None]:
    """Return a DOI without its version, and the version.

    >>> without_version("10.21203/rs.3.rs-4400001/v2"), without_version("10.1002/adma.202600001")
    (('10.21203/rs.3.rs-4400001', 2), ('10.1002/adma.202600001', None))
    """
    for server in _servers(doi):
        if found := server.suffix.search(doi):
            return doi[: found.start()], int(found[1])
    return doi, None


def address(doi: str) -> str:
    """Return where a DOI leads: to the first version where the server registers none without."""
    servers = _servers(doi)
    first = servers[0].first if servers else ""
    return f"https://doi.org/{doi}{first}"


def key(doi: str | None) -> str | None:
    """Return what DOIs of one work have in common: no version, and one prefix where the owner has two.

    >>> key("10.1101/2026.05.29.700001") == key("10.64898/2026.05.29.700001v2")
    True
    """
    if doi is None:
        return None
    bare = without_version(doi)[0]
    moved = _DATED.fullmatch(bare)
    return f"10.64898/{moved['tail']}" if moved else bare


def _servers(doi: str) -> tuple[Preprints, ...]:
    prefix, _, rest = doi.partition("/")
    return (_OSF,) if rest.startswith("osf.io/") else _VERSIONS.get(prefix, ())
