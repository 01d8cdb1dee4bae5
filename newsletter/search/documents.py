"""A paper as the index keeps it: what is looked up, what is sorted by, and what is shown."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.metadata import version

import tantivy
from tantivy import Document, Schema, SchemaBuilder

from newsletter.models import Paper, Value
from newsletter.papers.store import moment
from newsletter.rendering.templating import untrusted
from newsletter.search import people, words

LAYOUT = f"2 tantivy {version('tantivy')}"
"""Rises when anything here or in `words` changes: an index of another layout is made anew."""


class Card(Value):
    """What is shown of a paper."""

    paper: Paper
    edition: date | None = None


@cache
def schema() -> Schema:
    """Return the fields of the index."""
    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title", tokenizer_name="stemmed")
    builder.add_text_field("abstract", tokenizer_name="stemmed")
    builder.add_text_field("names", tokenizer_name="plain")
    builder.add_text_field("author", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("category", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    # for spelling: stems are no words, and a mistyped ending changes the stem
    builder.add_text_field("spelt", tokenizer_name="plain", index_option="basic")
    builder.add_unsigned_field("moment", fast=True)
    builder.add_bytes_field("card", stored=True)
    return builder.build()


def analysed(index: tantivy.Index) -> tantivy.Index:
    """Give an index the analysers that its fields name."""
    index.register_tokenizer("stemmed", words.stemmed())
    index.register_tokenizer("plain", words.plain())
    index.config_reader("manual")  # else a thread for each index watches its folder
    return index


def document(paper: Paper, edition: date | None) -> Document:
    """Return what is indexed of a paper, its texts disarmed: nothing further on shows them as they came."""
    paper = untrusted.paper(paper, named=None)
    found = Document()
    found.add_text("id", paper.id)
    found.add_text("title", paper.title)
    found.add_text("abstract", paper.abstract)
    for name in paper.authors:
        found.add_text("names", name)
    for slug in {people.slug(name) for name in paper.authors} - {""}:
        found.add_text("author", slug)
    for category in _with_wholes(paper.categories, "."):
        found.add_text("category", category)
    for source in _with_wholes((mention.source for mention in paper.mentions), "-"):
        found.add_text("source", source)
    found.add_text("spelt", " ".join((paper.title, paper.abstract, *paper.authors)))
    found.add_unsigned("moment", max(0, int(moment(paper).timestamp())))
    found.add_bytes("card", _written(paper, edition))
    return found


def read(found: Document) -> Card:
    """Return what is shown of a document."""
    return Card.model_validate_json(found.get_first("card") or b"")


def _with_wholes(names: Iterable[str], joint: str) -> set[str]:
    """Return names and what they are parts of, in small letters.

    >>> sorted(_with_wholes(["cs.CL", "math"], "."))
    ['cs', 'cs.cl', 'math']
    """
    small = {name.lower() for name in names}
    return small | {name.partition(joint)[0] for name in small}


def _written(paper: Paper, edition: date | None) -> bytes:
    """Write down what is shown: votes change by the hour, and are not."""
    mentions = tuple(mention.model_copy(update={"looks": ()}) for mention in paper.mentions[:1])
    card = Card(paper=paper.model_copy(update={"mentions": mentions}), edition=edition)
    return card.model_dump_json(exclude_defaults=True).encode()
