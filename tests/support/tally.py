"""What chaos is counted from: the provider's log, and what the ledger says of each reader held against it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from newsletter.delivery.feedback import uncertain as settling
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.delivery.ledger.progress import Progress
from newsletter.store import Store

Letters = npt.NDArray[np.uint8]


@dataclass
class Count:
    """The provider's log beside the ledger; numbers of readers."""

    doubled: int
    """In the provider's log more than once."""
    dropped: int
    """Not in the provider's log, and not called uncertain or refused by us."""
    mistaken: int
    """Called anything that the provider's log contradicts."""
    uncertain: int
    unconfirmed: int
    """Of the uncertain, those who are not in the provider's log."""


@dataclass
class Tally:
    """What came of a run."""

    title: str
    kills: dict[str, int]
    faults: dict[str, int]
    count: Count
    uncertain_seen: int
    """The most that was uncertain at one time."""
    progress: Progress
    lags: list[float]
    """How many seconds after the acceptance each post of events was taken."""
    seconds: float

    def __str__(self) -> str:
        count = self.count
        lines = {
            "recipients": self.title,
            "kills": _listed(self.kills),
            "faults": _listed(self.faults),
            "posts of events": f"{len(self.lags):,}, the slowest after {max(self.lags, default=0):.1f} s",
            "uncertain": f"at most {self.uncertain_seen:,} at a time; {count.uncertain:,} at the end, "
            f"of whom {count.unconfirmed:,} are not in the provider's log",
            "refused": f"{self.progress.refused:,}",
            "doubled": f"{count.doubled:,}",
            "dropped": f"{count.dropped:,}",
            "mistaken": f"{count.mistaken:,}",
            "seconds": f"{self.seconds:.1f}",
        }
        return "\n".join(f"{name:<16} {value}" for name, value in lines.items())


def _listed(counts: dict[str, int]) -> str:
    return f"{sum(counts.values())}: " + ", ".join(
        f"{name} {times}" for name, times in counts.items() if times
    )


def count(log: Path, said: Letters, *, refused: Sequence[int]) -> Count:
    """Hold the ledger's letters, by id, against a log whose lines end in `r17@example.org`.

    `refused` are the ids that the provider refuses.
    """
    taken = [
        int(line.rpartition("\t")[2].partition("@")[0][1:]) for line in log.read_text("utf-8").splitlines()
    ]
    times = np.bincount(taken, minlength=len(said) + 1)[1:]
    is_refused = np.zeros(len(said), bool)
    is_refused[[one - 1 for one in refused]] = True
    says = {mark: said == ord(mark) for mark in "aru"}
    is_true = (says["a"] & (times > 0)) | (says["r"] & is_refused & (times == 0)) | says["u"]
    return Count(
        doubled=int((times > 1).sum()),
        dropped=int(((times == 0) & ~says["u"] & ~is_refused).sum()),
        mistaken=int((~is_true).sum()),
        uncertain=int(says["u"].sum()),
        unconfirmed=int((says["u"] & (times == 0)).sum()),
    )


def letters(store: Store, day: date, recipients: int) -> Letters:
    """Return what the ledger says of each reader: a letter by id, `?` where it says nothing."""
    said = np.full(recipients, ord("?"), np.uint8)
    found: Any = store.hgetall(keys.MARKS(day=day))
    for batch, marks in found.items():
        ids = np.array(settling.members(store, BatchRef(day, int(batch))))
        spread = marks if len(marks) == len(ids) else marks * len(ids)
        said[ids - 1] = np.frombuffer(spread.encode(), np.uint8)
    return said


def faults(path: Path) -> dict[str, int]:
    """Count a provider's faults by kind."""
    return dict(sorted(Counter(path.read_text("utf-8").split()).items())) if path.exists() else {}


def lags(path: Path) -> list[float]:
    """Return the delays that a provider noted."""
    return [float(line) for line in path.read_text("utf-8").split()] if path.exists() else []
