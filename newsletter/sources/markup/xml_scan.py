"""Walk over a document once with expat: where its entries are, and what reading them would cost.

The limits are counts, not clocks, so that a document is read alike on every
machine. They stand where the feed parser (and what follows it) takes about a
second in all; behind each stands a document that took it minutes.
"""

from dataclasses import dataclass
from xml.parsers import expat

from newsletter.sources.faults import FaultKind, UnreadableError

ENTRY_NAMES = frozenset({"item", "entry"})
MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
"""Where the walk itself ends; what is read of it is bounded by `MAX_COST`."""
MAX_TEXT_EVENTS = 1_000_000
"""Stretches of text: lines, and the pieces between two entities."""
MAX_COST = 55_000
"""In elements' worth of feed parser, some 20 µs each; the largest arXiv feed, 2,000 papers, has 50,000."""
ENTRY_COST = 12
TEXT_EVENTS_A_UNIT = 20
MAX_ENTRY_BYTES = 1_000_000
MAX_ENTRY_COST = 6_000
MAX_TAG_BYTES = 500_000
_CHUNK_BYTES = 250_000
MAX_ATTRIBUTES = 100
"""An element's; the feed parser compares each with each."""
MAX_BASE = 500
"""Characters of an `xml:base`; each link is resolved against it."""
MAX_LEAF = 200_000
"""Characters of an element that does not hold prose."""
MAX_NAMES = 100_000
"""Characters of one line of authors (a collaboration of 3,000 has 60,000)."""
MAX_NAMES_COST = 20_000_000
"""The feed parser looks for mail addresses in names, which takes the square of each word's length."""
_PROSE = frozenset(
    {"description", "summary", "content", "encoded", "body", "fullitem", "abstract", "subtitle"}
)
_NAMES = frozenset(
    {"author", "creator", "contributor", "publisher", "managingeditor", "webmaster", "name", "owner"}
)


@dataclass(slots=True)
class Span:
    """Where an entry stands, what it costs, and why it is not read, if it is not."""

    start: int
    end: int
    cost: int
    fault: str | None


class Survey:
    """The findings of one walk; the walk ends at the first error, and raises at what no feed has."""

    def __init__(self, data: bytes) -> None:
        self.error: str | None = None
        """Why the document is not well-formed, or None."""
        self.root = ""
        """The root's local name in lower case."""
        self.spans: list[Span] = []
        self.ancestors: list[int] = []
        """Where the tags above the first entry begin."""
        self.head_fault: str | None = None
        """Why what stands outside the entries is not read."""
        self._data = data
        self._depth = self._entry_depth = self._start = self._cost_at_start = 0
        self._open: list[int] = []
        self._elements = self._text_events = self._names_cost = 0
        self._fault: str | None = None
        self._leaf: list[str] | None = None
        self._leaf_name = ""
        self._walk()

    def _walk(self) -> None:
        self._parser = parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = False
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        parser.StartNamespaceDeclHandler = self._on_namespace
        try:
            for at in range(0, len(self._data), _CHUNK_BYTES):
                chunk = self._data[at : at + _CHUNK_BYTES]
                parser.Parse(chunk, False)
                self._refuse_long_tag(at + len(chunk) - parser.CurrentByteIndex)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            self.error = f"{expat.ErrorString(error.code)} in line {error.lineno}"

    def _refuse_long_tag(self, unfinished_bytes: int) -> None:
        """Refuse a tag before its attributes are taken apart, which takes much memory."""
        if unfinished_bytes > MAX_TAG_BYTES:
            raise UnreadableError(
                FaultKind.TOO_COSTLY, f"A tag is longer than {MAX_TAG_BYTES:,} bytes. Ask the site's owner."
            )

    def _cost(self) -> int:
        return self._elements + self._text_events // TEXT_EVENTS_A_UNIT

    def _on_namespace(self, _prefix: str | None, _uri: str | None) -> None:
        self._elements += 1

    def _on_start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(" ")[2].lower()
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableError(
                FaultKind.TOO_DEEP,
                f"The document nests deeper than {MAX_DEPTH} levels, as no feed does. Ask the site's owner.",
            )
        if self._elements > MAX_ELEMENTS or self._text_events > MAX_TEXT_EVENTS:
            raise UnreadableError(
                FaultKind.TOO_COSTLY,
                f"The document has more than {MAX_ELEMENTS:,} elements or {MAX_TEXT_EVENTS:,} lines of text. "
                "Look for a shorter feed at the same site.",
            )
        self.root = self.root or name
        self._leaf, self._leaf_name = [], name
        if not self._entry_depth:
            self._open_outside(name)
        if attributes:
            self._weigh_attributes(name, attributes)

    def _open_outside(self, name: str) -> None:
        offset = self._parser.CurrentByteIndex
        if name not in ENTRY_NAMES or self._depth == 1:
            self._open.append(offset)
            return
        self._entry_depth, self._start, self._fault = self._depth, offset, None
        self._cost_at_start = self._cost()
        if not self.spans:
            self.ancestors = list(self._open)

    def _weigh_attributes(self, name: str, attributes: dict[str, str]) -> None:
        base = attributes.get("http://www.w3.org/XML/1998/namespace base", "")
        if len(attributes) > MAX_ATTRIBUTES:
            self._blame(f"its {name} has more than {MAX_ATTRIBUTES} attributes")
        elif len(base) > MAX_BASE:
            self._blame(f"its {name} has a base of more than {MAX_BASE} characters")
        else:
            return
        if not self._entry_depth:  # it stands above every entry
            why = f"The document cannot be read: {self.head_fault}. Ask the site's owner."
            raise UnreadableError(FaultKind.TOO_COSTLY, why)

    def _on_text(self, text: str) -> None:
        self._text_events += 1
        if self._leaf is not None and self._leaf_name not in _PROSE:
            self._leaf.append(text)

    def _on_end(self, _: str) -> None:
        if self._leaf:
            self._weigh_leaf(self._leaf_name, "".join(self._leaf))
        self._leaf = None
        if self._entry_depth == self._depth:
            self._close_entry()
        elif not self._entry_depth:
            self._open.pop()
        self._depth -= 1

    def _weigh_leaf(self, name: str, text: str) -> None:
        is_name = name in _NAMES
        limit = MAX_NAMES if is_name else MAX_LEAF
        if len(text) > limit:
            self._blame(f"its {name} is longer than {limit:,} characters")
        elif is_name:
            self._names_cost += sum(len(word) ** 2 for word in text.split())
            if self._names_cost > MAX_NAMES_COST:
                self._blame("with it the document has more names, or longer ones, than a feed has")

    def _blame(self, reason: str) -> None:
        if self._entry_depth:
            self._fault = self._fault or reason
        else:
            self.head_fault = self.head_fault or reason

    def _close_entry(self) -> None:
        self._entry_depth = 0
        offset = self._parser.CurrentByteIndex
        end = self._data.find(b">", offset) + 1 if self._data[offset : offset + 2] == b"</" else self._start
        cost = self._cost() - self._cost_at_start + ENTRY_COST
        fault = self._fault
        if end - self._start > MAX_ENTRY_BYTES:
            fault = f"it is larger than {MAX_ENTRY_BYTES:,} bytes"
        elif cost > MAX_ENTRY_COST:
            fault = f"it has more than {MAX_ENTRY_COST - ENTRY_COST:,} elements"
        elif end == self._start:  # <item/>
            fault = "it is empty"
        self.spans.append(Span(self._start, end, cost, fault))
