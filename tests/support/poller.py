"""One source polled again and again, remembered between the polls as a worker remembers it."""

from datetime import datetime

from newsletter.models import Source, SourceState
from newsletter.settings import Settings
from newsletter.sources import freshness
from newsletter.sources.poll_state import PollState
from newsletter.sources.polling import Polled, poll


class Poller:
    """Polls the source at `url`."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.source = Source(name="it", url=url)
        self.settings = settings
        self.memo: PollState | None = None

    def poll(self, now: datetime) -> Polled:
        """Poll once and remember."""
        memos = {"it": self.memo} if self.memo else {}
        (polled,) = poll([self.source], memos, self.settings, now)
        self.memo = PollState.loads(polled.memo.dumps())
        return polled

    def state(self, now: datetime) -> SourceState:
        """Return the state that lists and the coverage line would show."""
        return freshness.verdict(self.source, self.memo, now).state
