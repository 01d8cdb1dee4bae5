"""Which sources there are: the built-in list, the operator's file, and what was added by command."""

from typing import cast

from newsletter.errors import InvalidInputError, NotFoundError
from newsletter.models import Source
from newsletter.settings import Settings
from newsletter.sources.fetching import addresses
from newsletter.sources.store import ADDED, DISABLED, MEMOS
from newsletter.store import Store, unavailable_store

_ARXIV = ("cs.AI", "cs.CL", "cs.CV", "cs.LG", "stat.ML")

BUILT_IN: tuple[Source, ...] = (
    *(
        Source(
            name=f"arxiv-{category.lower().replace('.', '-')}",
            title=f"arXiv {category}",
            url=f"https://rss.arxiv.org/rss/{category}",
            adapter="arxiv",
        )
        for category in _ARXIV
    ),
    Source(
        name="huggingface",
        title="Hugging Face daily papers",
        # Two days at once, so that papers that join a day late are seen as well.
        url="https://huggingface.co/api/daily_papers?limit=100",
        adapter="huggingface",
    ),
    Source(name="bair", title="BAIR blog", url="https://bair.berkeley.edu/blog/feed.xml"),
    Source(name="cmu-ml", title="CMU ML blog", url="https://blog.ml.cmu.edu/feed/"),
    Source(
        name="microsoft-research",
        title="Microsoft Research",
        url="https://www.microsoft.com/en-us/research/feed/",
    ),
    Source(name="the-gradient", title="The Gradient", url="https://thegradient.pub/rss/"),
)
"""What is polled unless `[[sources]]` say otherwise: listings, votes, and blogs that link to papers."""


def configured(settings: Settings, store: Store) -> tuple[Source, ...]:
    """Return every source: the file's (or the built-in ones), then those added by command, by name.

    Disabled ones are among them, with `enabled=False`. Where the file and a
    command use one name, the file wins.
    """
    with unavailable_store():
        added = cast("dict[str, str]", store.hgetall(ADDED()))
        disabled = cast("set[str]", store.smembers(DISABLED()))
    sources = {source.name: source for source in (BUILT_IN if settings.sources is None else settings.sources)}
    for name in sorted(added):
        sources.setdefault(name, Source.model_validate_json(added[name]))
    return tuple(
        source.model_copy(update={"enabled": False}) if source.name in disabled else source
        for source in sources.values()
    )


def add(store: Store, source: Source) -> None:
    """Add a source, or replace the added one of the same name.

    Raises `InvalidInputError` for a name that cannot be one, and
    `AddressRefusedError` for a URL that is never asked.
    """
    if not source.name or not all(one.isascii() and (one.isalnum() or one in "-_.") for one in source.name):
        raise InvalidInputError(
            f"{source.name!r} is not a valid name. Use letters, digits and dashes, as in 'my-blog'."
        )
    addresses.parse(source.url)
    with unavailable_store():
        store.hset(ADDED(), source.name, source.model_dump_json())


def remove(store: Store, name: str) -> None:
    """Remove a source that was added by command, and what is remembered of it.

    Raises `NotFoundError` where none of this name was added.
    """
    with unavailable_store(), store.pipeline() as pipe:
        pipe.hdel(ADDED(), name)
        pipe.hdel(MEMOS(), name)
        pipe.srem(DISABLED(), name)
        is_removed = pipe.execute()[0]
    if not is_removed:
        raise NotFoundError(
            f"No source called {name!r} was added. To stop polling one: newsletter sources disable {name}"
        )


def disable(store: Store, name: str) -> None:
    """Stop polling a source until it is enabled again."""
    with unavailable_store():
        store.sadd(DISABLED(), name)


def enable(store: Store, name: str) -> None:
    """Poll a source again that was disabled."""
    with unavailable_store():
        store.srem(DISABLED(), name)
