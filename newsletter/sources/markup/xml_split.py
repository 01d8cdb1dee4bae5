"""Take an XML document apart into its entries before the feed parser sees it.

The feed parser is thorough and slow, and some documents make it take minutes.
So expat walks over a document first (see `survey`), a hundred times faster,
and the document is cut into entries. What is whole is handed on in slices;
what is broken, too deep or too costly is named. No entity is ever expanded
beyond a plain word, and nothing outside the document is ever fetched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.markup import repair
from newsletter.sources.markup.xml_scan import MAX_COST, Span, Survey

FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
MAX_HEAD_BYTES = 1_000_000
MAX_OPENING_BYTES = 20_000
"""Tags above an entry; each slice repeats them."""
MAX_PROBLEMS = 1_000
SLICE_ENTRIES = 200
SLICE_BYTES = 1_000_000


class Problem(NamedTuple):
    """Something that was left out, and why."""

    what: str
    why: str


@dataclass(slots=True)
class Document:
    """A document in pieces, each of them well-formed once it stands between `opening` and `closing`."""

    head: bytes
    """The whole without its entries: what it says of itself."""
    opening: bytes
    closing: bytes
    entries: list[bytes] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_whole: bool = True
    """False where the document is broken, rather than merely odd."""
    room: int = MAX_COST
    """What may still be spent on entries."""

    def slices(self) -> Iterator[list[bytes]]:
        """Yield entries in order, in batches of a bounded size."""
        batch: list[bytes] = []
        size = 0
        for entry in self.entries:
            if batch and (len(batch) >= SLICE_ENTRIES or size + len(entry) > SLICE_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(entry)
            size += len(entry)
        if batch:
            yield batch

    def around(self, entries: list[bytes]) -> bytes:
        """Return a document that holds these entries alone."""
        return self.opening + b"\n".join(entries) + self.closing


def dissect(data: bytes) -> Document:
    """Cut a document (UTF-8, no XML declaration) into entries.

    A document that is not well-formed is mended where the meaning is beyond
    doubt (see `repair`); what still is broken then is cut at its entries, and
    those that are whole are kept. Raises `UnreadableError` where it is no
    feed at all, too deep or too costly, or where no entry is whole.
    """
    data = repair.without_doctype(repair.without_controls(data))
    if not data.strip():
        raise UnreadableError(FaultKind.EMPTY, "The answer is empty. It is tried again.")
    if b"<" not in data:
        raise _not_a_feed(f"text ({_shown(data)!r})")
    survey = Survey(data)
    if survey.error is not None:
        data = repair.mended(data)
        survey = Survey(data)
    if survey.error is not None:
        return _salvaged(data, survey)
    if survey.root not in FEED_ROOTS and not survey.spans:
        raise _not_a_feed(
            "a web page" if survey.root == "html" else f"a document of kind <{survey.root[:40]}>"
        )
    return _cut(data, survey)


def _cut(data: bytes, survey: Survey) -> Document:
    tags = [data[at : repair.end_of_tag(data, at)] for at in survey.ancestors]
    opening = b"".join(tags)
    closing = b"".join(b"</" + repair.name_of_tag(tag) + b">" for tag in reversed(tags))
    if len(opening) > MAX_OPENING_BYTES:
        raise UnreadableError(
            FaultKind.TOO_COSTLY,
            f"The tags above the entries are longer than {MAX_OPENING_BYTES:,} bytes. Ask the site's owner.",
        )
    head = data
    if survey.spans:
        rest = closing if survey.error else data[survey.spans[-1].end :]
        head = data[: survey.spans[0].start] + rest
    document = Document(head, opening, closing)
    if survey.head_fault or len(head) > MAX_HEAD_BYTES:
        why = survey.head_fault or f"it is larger than {MAX_HEAD_BYTES:,} bytes"
        document.problems.append(Problem("what the feed says of itself", why))
        document.head = opening + closing
    _fill(document, data, survey.spans)
    return document


def _fill(document: Document, data: bytes, spans: list[Span]) -> None:
    for number, span in enumerate(spans, 1):
        if span.fault:
            document.problems.append(Problem(f"entry {number}", span.fault))
        elif document.room >= span.cost:
            document.room -= span.cost
            document.entries.append(data[span.start : span.end])
        else:
            why = "the document is longer than any feed"
            document.problems.append(
                Problem(f"{len(spans) - number + 1} entries from number {number} on", why)
            )
            break
        if len(document.problems) >= MAX_PROBLEMS:
            document.problems.append(Problem(f"entries after number {number}", "too many before are faulty"))
            break


def _salvaged(data: bytes, survey: Survey) -> Document:
    """Keep the entries that are whole although the document is not."""
    if survey.spans:
        document = _cut(data, survey)
    else:
        opening, closing = repair.envelope(data)
        document = Document(opening + closing, opening, closing)
    document.is_whole = False
    document.problems.append(Problem("the document", f"it is not well-formed: {survey.error}"))
    end = survey.spans[-1].end if survey.spans else 0
    for number, chunk in enumerate(repair.chunks(data, end), len(survey.spans) + 1):
        if len(document.problems) < MAX_PROBLEMS:
            _try(document, f"entry {number}", chunk)
    if document.entries:
        return document
    if repair.is_web_page(data):
        raise _not_a_feed("a web page")
    raise UnreadableError(
        FaultKind.MALFORMED,
        f"No entry of the document is whole: {survey.error}. Ask the site's owner to mend the feed.",
    )


def _try(document: Document, what: str, chunk: bytes | None) -> None:
    if chunk is None:
        document.problems.append(Problem(what, "it never ends"))
        return
    alone = document.opening + chunk + document.closing
    survey = Survey(alone)
    if survey.error:
        document.problems.append(Problem(what, f"it is not well-formed: {survey.error}"))
    elif sum(span.cost for span in survey.spans) > document.room:
        document.problems.append(Problem(what, "the document is longer than any feed"))
    else:
        found = _cut(alone, survey)
        document.entries += found.entries
        document.room -= sum(span.cost for span in survey.spans)
        document.problems += [Problem(what, why) for _, why in found.problems]


def _not_a_feed(what: str) -> UnreadableError:
    return UnreadableError(
        FaultKind.NOT_A_FEED,
        f"The answer is {what}, not a feed. To find the feed behind a page: newsletter sources add URL.",
    )


def _shown(data: bytes) -> str:
    text = data[:200].decode("utf-8", "replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:60]
