"""What became of the people of a file."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Fault(NamedTuple):
    """A record that cannot be used."""

    line: int
    """Where it begins, counted from 1, the header included."""
    reason: str


@dataclass
class ImportReport:
    """What became of the people of a file, each counted once."""

    active: int = 0
    """On the list now, because the operator vouches for their consent."""
    pending: int = 0
    """A confirmation will be mailed."""
    known: int = 0
    """Left as they were."""
    suppressed: int = 0
    """Kept out: they bounced, complained, unsubscribed or were erased, here or in the file's own words."""
    faults: list[Fault] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many people there were."""
        return self.active + self.pending + self.known + self.suppressed
