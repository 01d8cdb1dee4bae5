"""The index on disk: one folder that is complete, and a note that says which one and how far it goes.

    DATA_DIR/search/
    ├── state.json     names the folder, what of the store is in it, and its files
    ├── writer.lock    held by the one process that writes
    └── 1f0c…/         the engine's files; a rebuild fills another folder and then takes its place

Readers take no lock. They keep the files they opened, so that a rebuild never
gets in their way. All of it may be deleted at any time.
"""

import os
import secrets
import shutil
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tantivy
from pydantic import Field, ValidationError

from newsletter.errors import TransientError
from newsletter.folders import make_private
from newsletter.locks import exclusive
from newsletter.models import Instant, Value
from newsletter.search import documents

_AT_ONCE = 1 << 20


class IndexFaultError(TransientError):
    """The index on disk cannot be read or written."""


class State(Value):
    """What a complete index holds."""

    layout: str
    folder: str
    revision: int
    """Of the papers, up to which their changes are in it."""
    editions: tuple[date, ...] = ()
    """The editions whose papers are in it, newest first."""
    checked_at: Instant
    """When its papers were last compared with those that are kept."""
    files: Mapping[str, int] = Field(default_factory=dict)
    """CRC-32 of the engine's files, which are written once."""


@dataclass(frozen=True, slots=True)
class Index:
    """The index at one moment: what changes later is not in it."""

    engine: tantivy.Index
    searcher: tantivy.Searcher
    state: State
    directory: Path


class IndexStore:
    """The index of one data directory, as one process reads and writes it; safe between threads."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir.expanduser() / "search"
        self.is_doubted = True
        """Whether the files' contents are to be checked: at first, and after a reader found a fault."""
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        """What the note looked like when it was read last."""
        self._index: Index | None = None

    def index(self) -> Index | None:
        """Return the newest index; None where there is none that can be read (yet)."""
        with self._lock:
            while (seen := self._look()) != self._seen:  # again where it was replaced meanwhile
                self._index = self._opened()
                self._seen = seen
            return self._index

    def doubt(self) -> None:
        """Have the files checked before they are written to again: a search has failed on them."""
        self.is_doubted = True

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Yield whether this process is the one that may write now."""
        with faults(self.directory):
            make_private(self.directory)
            with exclusive(self.directory / "writer.lock") as lock:
                try:
                    yield lock is not None
                finally:
                    if lock is not None:
                        self._clear()  # what this one left unfinished, or one that was killed before it

    def state(self) -> State | None:
        """Return what the index holds; None where there is none of this layout."""
        try:
            found = State.model_validate_json((self.directory / "state.json").read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.layout == documents.LAYOUT else None

    def keep(self, state: State) -> None:
        """Let readers have an index that is complete; the note is replaced in one move."""
        files = _files(self.directory / state.folder, state.files)
        draft = self.directory / "state.json.draft"
        with draft.open("w") as file:
            file.write(state.model_copy(update={"files": files}).model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.directory / "state.json")

    def is_sound(self, state: State) -> bool:
        """Whether the files are as they were written.

        The engine itself misses lost and shortened ones; what is in them is
        read and compared only where they are doubted.
        """
        if not self._is_readable(state):
            return False
        if self.is_doubted:
            folder = self.directory / state.folder
            paths = {folder / name: checksum for name, checksum in state.files.items()}
            # one that is not there was merged into another since
            if any(path.exists() and _checksum(path) != checksum for path, checksum in paths.items()):
                return False
            with self._lock:
                self._seen = None  # whatever was wrong has passed
            self.is_doubted = False
        return True

    def fresh_folder(self) -> str:
        """Make an empty folder and return its name."""
        name = secrets.token_hex(8)
        (self.directory / name).mkdir()
        return name

    def engine(self, folder: str) -> tantivy.Index:
        """Return the engine on a folder, made if it is empty."""
        return documents.analysed(tantivy.Index(documents.schema(), path=str(self.directory / folder)))

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = (self.directory / "state.json").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _opened(self) -> Index | None:
        state = self.state()
        if state is None:
            return None
        try:
            return self._read(state)
        except IndexFaultError:
            self.is_doubted = True
            return None

    def _read(self, state: State) -> Index:
        with faults(self.directory):
            folder = self.directory / state.folder
            before = self._index
            known = before is not None and before.state.folder == state.folder
            engine = (
                before.engine if before and known else documents.analysed(tantivy.Index.open(str(folder)))
            )
            engine.reload()
            return Index(engine, engine.searcher(), state, self.directory)

    def _is_readable(self, state: State) -> bool:
        try:
            with faults(self.directory):
                documents.analysed(tantivy.Index.open(str(self.directory / state.folder))).reload()
        except IndexFaultError:
            return False
        return True

    def _clear(self) -> None:
        """Remove what an earlier index or a rebuild that was killed left behind."""
        state = self.state()
        for path in self.directory.iterdir():
            if path.is_dir() and (state is None or path.name != state.folder):
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def faults(directory: Path) -> Iterator[None]:
    """Translate what the engine raises, its panics too, into `IndexFaultError`."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise _fault(directory, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the engine gives its panics no name to import
            raise
        raise _fault(directory, error) from error


def _fault(directory: Path, error: BaseException) -> IndexFaultError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".") + "."
    return IndexFaultError(
        f"The search index in {directory} cannot be used: {reason} Look whether the disk is full and the "
        "folder may be written. The site mends the index by itself then; at once: newsletter search rebuild"
    )


def _files(folder: Path, known: Mapping[str, int]) -> dict[str, int]:
    """Return the checksums of the engine's files but for those it rewrites."""
    found = (path for path in folder.iterdir() if not path.name.startswith(".") and path.name != "meta.json")
    return {path.name: known.get(path.name) or _checksum(path) for path in found}


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while part := file.read(_AT_ONCE):
            checksum = zlib.crc32(part, checksum)
    return checksum
