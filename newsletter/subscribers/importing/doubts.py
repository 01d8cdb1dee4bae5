"""What is not understood of a file: it stops an import that vouches for everybody's consent."""

from collections import Counter
from collections.abc import Iterator

from newsletter.errors import InvalidInputError
from newsletter.subscribers.importing.people import Person

SHOWN_VALUES = 5
"""Values of a column that a message names."""


class Doubts:
    """Columns and values that may tell that somebody left, and dates that cannot be read."""

    def __init__(self) -> None:
        self._unclear: dict[str, Counter[str]] = {}
        self._unread: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def note(self, person: Person) -> str:
        """Note what is not understood of a row, and return why the row cannot be used, or nothing.

        A person who left by another cell of the row raises no doubt. A column that
        is not known as a whole stops only those who vouch for everybody.
        """
        for column, value, _ in person.unread:
            self._unread[column] += 1
            self._examples.setdefault(column, value)
        if person.standing.has_left or not person.unclear:
            return ""
        for column, value, _ in person.unclear:
            values = self._unclear.setdefault(column, Counter())
            if value in values or len(values) <= SHOWN_VALUES:
                values[value] += 1
        word = next((one for one in person.unclear if not one.is_whole_column), None)
        if word is None:
            return ""
        return (
            f"{word.column} {word.value!r} is not clear about consent. Use active, pending or unsubscribed."
        )

    def require_none(self) -> None:
        """Raise `InvalidInputError` where something is not clear: its column, its values, what to do."""
        if not self._unclear:
            return
        told = "; ".join(f"{column} ({_shown(values)})" for column, values in self._unclear.items())
        raise InvalidInputError(
            f"Nobody was imported: it is not clear what this says about consent: {told}. "
            "Write active, pending, unsubscribed, bounced or complained instead and call the column status; "
            "or, if it says nothing about consent, add --ignore COLUMN; "
            "or leave out --confirmed, and everybody is asked."
        )

    def unread_dates(self) -> Iterator[str]:
        """Yield a sentence for each column with dates that cannot be read."""
        for column, count in self._unread.items():
            yield (
                f"{count:,} of the dates in {column} cannot be read for certain, such as "
                f"{self._examples[column]!r}: the hour of the import is kept instead. "
                "Write them like 2026-06-10T12:00:00Z to keep them."
            )


def _shown(values: Counter[str]) -> str:
    named = ", ".join(repr(value) for value, _ in values.most_common(SHOWN_VALUES))
    return f"{named}, …" if len(values) > SHOWN_VALUES else named
