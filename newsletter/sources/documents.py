"""Take an XML document apart into its entries before the feed parser sees it.

The feed parser is thorough and slow, and some documents make it take minutes:
20,000 levels of nesting, a megabyte without a space where an author's name is
looked for. So expat walks over a document first (a hundred times faster),
measures it, and cuts it into entries. What is whole is handed on in slices;
what is broken, too deep or too costly is named. No entity is ever expanded
beyond a plain word, and nothing outside the document is ever fetched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from newsletter.sources import repair
from newsletter.sources.faults import FaultKind, UnreadableError

FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
ENTRY_NAMES = frozenset({"item", "entry"})
MAX_DEPTH = 100
MAX_ELEMENTS = 60_000
"""What the feed parser reads in about a second; the largest arXiv feed, 2,000 papers, has half of it."""
MAX_TEXT_EVENTS = 1_000_000
MAX_ENTRY_BYTES = 1_000_000
MAX_ENTRY_ELEMENTS = 10_000
MAX_WORD_BYTES = 4_000
MAX_LEAF_BYTES = 200_000
SLICE_ENTRIES = 200
SLICE_BYTES = 1_000_000
_PROSE = frozenset(
    {"description", "summary", "content", "encoded", "body", "fullitem", "abstract", "subtitle"}
)
"""Elements in which a long word is nobody's business."""


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

    def slices(self) -> Iterator[bytes]:
        """Yield documents of a bounded size that together hold every entry, in order."""
        batch: list[bytes] = []
        size = 0
        for entry in self.entries:
            if batch and (len(batch) >= SLICE_ENTRIES or size + len(entry) > SLICE_BYTES):
                yield self.opening + b"\n".join(batch) + self.closing
                batch, size = [], 0
            batch.append(entry)
            size += len(entry)
        if batch:
            yield self.opening + b"\n".join(batch) + self.closing


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
    survey = _Survey(data)
    if survey.error is None:
        return survey.document()
    data = repair.mended(data)
    survey = _Survey(data)
    if survey.error is None:
        return survey.document()
    return _salvage(data, survey)


class _Survey:
    """One walk over a document: where its entries are, and what they would cost."""

    def __init__(self, data: bytes) -> None:
        self.error: str | None = None
        self.root = ""
        self._data = data
        self._depth = 0
        self._entry_depth = 0
        self._spans: list[tuple[int, int, str | None]] = []
        self._ancestors: list[tuple[int, str]] = []
        self._above_first: list[tuple[int, str]] = []
        self._elements = self._text_events = 0
        self._start = self._elements_at_start = 0
        self._leaf: list[str] | None = None
        self._leaf_name = ""
        self._leaf_size = 0
        self._fault: str | None = None
        self._head_fault: str | None = None
        self._walk()

    def _walk(self) -> None:
        self._parser = parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        try:
            parser.Parse(self._data, True)
        except expat.ExpatError as error:
            self.error = f"{expat.ErrorString(error.code)} in line {error.lineno}"

    def _on_start(self, name: str, _: dict[str, str]) -> None:
        name = name.rpartition(" ")[2].lower()
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableError(
                FaultKind.TOO_DEEP, f"The document nests deeper than {MAX_DEPTH} levels, as no feed does."
            )
        if self._elements > 5 * MAX_ELEMENTS or self._text_events > MAX_TEXT_EVENTS:
            raise UnreadableError(
                FaultKind.TOO_COSTLY, f"The document has more than {5 * MAX_ELEMENTS:,} elements."
            )
        self.root = self.root or name
        offset = self._parser.CurrentByteIndex
        self._leaf, self._leaf_name, self._leaf_size = [], name, 0
        if self._entry_depth:
            return
        if name in ENTRY_NAMES and self._depth > 1:
            self._entry_depth, self._start, self._fault = self._depth, offset, None
            self._elements_at_start = self._elements
            if not self._spans:
                self._above_first = list(self._ancestors)
        else:
            self._ancestors.append((offset, name))

    def _on_text(self, text: str) -> None:
        self._text_events += 1
        if self._leaf is not None and self._leaf_size <= MAX_LEAF_BYTES and self._leaf_name not in _PROSE:
            self._leaf.append(text)
            self._leaf_size += len(text)

    def _on_end(self, _: str) -> None:
        if self._leaf:
            self._weigh(self._leaf_name, "".join(self._leaf))
        self._leaf = None
        if self._entry_depth == self._depth:
            self._close_entry()
        elif not self._entry_depth:
            self._ancestors.pop()
        self._depth -= 1

    def _weigh(self, name: str, text: str) -> None:
        reason = None
        if len(text) > MAX_LEAF_BYTES:
            reason = f"its {name} is longer than {MAX_LEAF_BYTES:,} characters"
        elif len(text) > MAX_WORD_BYTES and max(map(len, text.split()), default=0) > MAX_WORD_BYTES:
            reason = f"its {name} has a word of more than {MAX_WORD_BYTES:,} characters"
        if reason and self._entry_depth:
            self._fault = reason
        elif reason:
            self._head_fault = reason

    def _close_entry(self) -> None:
        self._entry_depth = 0
        offset = self._parser.CurrentByteIndex
        end = self._data.find(b">", offset) + 1
        if self._data[offset : offset + 2] != b"</":  # <item/>: nothing in it
            end = repair.end_of_tag(self._data, self._start)
        elif end - self._start > MAX_ENTRY_BYTES:
            self._fault = f"it is larger than {MAX_ENTRY_BYTES:,} bytes"
        elif self._elements - self._elements_at_start > MAX_ENTRY_ELEMENTS:
            self._fault = f"it has more than {MAX_ENTRY_ELEMENTS:,} elements"
        self._spans.append((self._start, end, self._fault))

    def document(self) -> Document:
        """Return the pieces; call it only where the walk met no error."""
        if self.root not in FEED_ROOTS and not self._spans:
            raise _not_a_feed(f"a document of the kind <{self.root[:40]}>")
        return self._pieces(self._data[self._spans[-1][1] :] if self._spans else b"")

    def whole_until_error(self) -> Document | None:
        """Return the pieces before the error, or None where no entry was met."""
        return self._pieces(b"") if self._spans else None

    def end_of_whole(self) -> int:
        """Return where the last whole entry ends."""
        return self._spans[-1][1] if self._spans else 0

    def _pieces(self, rest: bytes) -> Document:
        tags = [self._data[at : repair.end_of_tag(self._data, at)] for at, _ in self._above_first]
        opening = b"".join(tags)
        closing = b"".join(b"</" + repair.name_of_tag(tag) + b">" for tag in reversed(tags))
        problems = []
        head = self._data[: self._spans[0][0]] + (rest or closing) if self._spans else self._data
        if self._head_fault or len(head) > MAX_ENTRY_BYTES:
            why = self._head_fault or f"it is larger than {MAX_ENTRY_BYTES:,} bytes"
            problems.append(Problem("what the feed says of itself", why))
            head = opening + closing
        document = Document(head, opening, closing, problems=problems)
        self._fill(document)
        return document

    def _fill(self, document: Document) -> None:
        room = MAX_ELEMENTS
        for number, (start, end, fault) in enumerate(self._spans, 1):
            entry = self._data[start:end]
            room -= 1 + entry.count(b"</") + entry.count(b"/>")
            if fault is None and room < 0:
                left = len(self._spans) - number + 1
                why = f"the document has more than {MAX_ELEMENTS:,} elements"
                document.problems.append(Problem(f"{left} entries from number {number} on", why))
                return
            if fault:
                document.problems.append(Problem(f"entry {number}", fault))
            else:
                document.entries.append(entry)


def _salvage(data: bytes, survey: _Survey) -> Document:
    """Keep the entries that are whole although the document is not."""
    document = survey.whole_until_error()
    if document is None:
        opening, closing = repair.envelope(data)
        document = Document(opening + closing, opening, closing)
    document.problems.append(Problem("the document", f"it is not well-formed: {survey.error}"))
    for number, chunk in enumerate(repair.chunks(data, survey.end_of_whole()), len(document.entries) + 1):
        if chunk.text is None:
            document.problems.append(Problem(f"entry {number}", "it never ends"))
            continue
        alone = _Survey(document.opening + chunk.text + document.closing)
        if alone.error:
            document.problems.append(Problem(f"entry {number}", f"it is not well-formed: {alone.error}"))
            continue
        found = alone.document()
        document.entries += found.entries
        document.problems += [Problem(f"entry {number}", why) for _, why in found.problems]
    if not document.entries:
        if repair.is_web_page(data):
            raise _not_a_feed("a web page")
        raise UnreadableError(
            FaultKind.MALFORMED,
            f"No entry of the document is whole: {survey.error}. Ask the site's owner to mend the feed.",
        )
    return document


def _not_a_feed(what: str) -> UnreadableError:
    return UnreadableError(
        FaultKind.NOT_A_FEED,
        f"The answer is {what}, not a feed. To find the feed behind a page: newsletter sources add URL.",
    )


def _shown(data: bytes) -> str:
    text = data[:200].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:60]
