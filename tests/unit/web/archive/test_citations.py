"""References that programs of others read back as they were meant, whatever a paper's fields hold."""

import re
from typing import Any

import pytest
import specimens

from newsletter.models import Link
from newsletter.web.archive import citations

FIELD = re.compile(r"\s*([a-z]+) = \{")


def fields(written: str) -> dict[str, str]:
    """Read one entry as BibTeX does: braces with a backslash count too."""
    head = re.search(r"^@misc\{([\w.-]+),\n", written, re.MULTILINE)
    assert head is not None
    at, found = head.end(), {}
    while field := FIELD.match(written, at):
        depth, end = 1, field.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(written[end], 0)
            end += 1
        found[field[1]] = written[field.end() : end - 1]
        assert written[end] == ","
        at = end + 1
    assert written[at:] == "\n}\n"
    return found


def cited(**values: Any) -> dict[str, str]:
    """Return the fields of a paper's entry."""
    entry = specimens.an_entry(title="A title", authors=("Ada Moreno",))
    paper = entry.paper.model_copy(update=values)
    edition = specimens.an_edition(sections=(), also=(entry.model_copy(update={"paper": paper}),))
    return fields(citations.bibtex(edition, "https://papers.example.org"))


PLAIN = cited(doi="10.1000/x")
HOSTILE = ["a} , author = {Eve", "{", "}{", "\\", "a\\", "100% & #1 $x_y^z~", "x\n@misc{eve,", '"', "%"]


@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.parametrize("field", ["title", "authors", "categories", "doi", "arxiv_id", "links"])
def test_no_field_of_a_paper_ends_before_its_end(typed: str, field: str):
    """An entry has the fields that it has for plain words, and signs are escaped where TeX sets them."""
    value = {
        "authors": (typed,),
        "categories": (typed,),
        "links": (Link(rel="abstract", url=f"https://example.org/{typed}"),),
    }.get(field, typed)
    found = cited(**{"doi": "10.1000/x", field: value})
    assert found.keys() == PLAIN.keys()
    for name in ("title", "author", "primaryclass"):
        assert not re.search(r"(?<!\\)[%&#$_^~]", found[name])
    assert not re.search(r"[\\{}\s]", found["url"] + found["doi"] + found["eprint"])


def test_addresses_are_written_as_they_are():
    """`url` and `doi` are verbatim fields: an underscore or a per cent sign in one is not escaped."""
    found = cited(
        doi="10.1007/978-3-319_28", links=(Link(rel="post", url="https://example.org/a_b%20c?d#e"),)
    )
    assert found["doi"] == "10.1007/978-3-319_28"
    assert found["url"] == "https://example.org/a_b%20c?d#e"


def test_a_name_with_an_and_in_it_is_one_author():
    """BibTeX parts authors at the word “and”."""
    assert cited(authors=("Tom and Jerry Lab", "Bo"))["author"] == "{Tom and Jerry Lab} and Bo"


@pytest.mark.parametrize("typed", ["x\r\nER  - \r\nTY  - JOUR", "x\nUR  - https://evil.example"])
def test_no_text_begins_a_line_of_a_ris_record(typed: str):
    """Each tag stands once a paper."""
    entry = specimens.an_entry(title=typed, authors=(typed,), summary=(typed,))
    edition = specimens.an_edition(sections=(), also=(entry,))
    tags = [line[:2] for line in citations.ris(edition, "https://papers.example.org").splitlines() if line]
    assert len(tags) == len(set(tags))
