"""A query meets the index: matching, ranking, second thoughts about spelling, and what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import tantivy
from tantivy import Occur, SearchResult

from newsletter.search import documents, people, snippets, spelling, words
from newsletter.search.index_store import Index, faults
from newsletter.search.query import Clause, Query
from newsletter.search.results import Author, Hit, Results

PAGE = 20
PAGES = 25
"""After five hundred results, a narrower search serves better."""

_TITLE, _NAMES, _WHOLE_TITLE = 4.0, 2.0, 3.0
"""Weights of a match in the title, among the authors and of the whole title; in the abstract it is 1."""
_AUTHORS_SHOWN = 3
_AUTHORS_LOOKED_AT = 200
"""A collaboration of thousands is found by each of its members, but whom it was found by may stay unsaid."""
_ABSTRACT_LOOKED_AT = 12_000
"""Characters; a match beyond stays found, and unmarked."""
_CORRECTED = 3
"""Words that are looked at for slips; each costs milliseconds."""
_RARE = 2
_FAR_MORE = 20
"""A word that so few papers hold is suspected where so many hold its neighbour."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be marked where it is shown."""

    stems: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    slug: str = ""


def search(index: Index, query: Query, *, page: int = 1) -> Results:
    """Return a page of the papers that hold every word of the query, the best first (BM25, titles foremost).

    A word that no paper holds is replaced by the nearest one that some do.
    Where no paper holds all words, those that hold most of them are returned
    and called loose. The everyday words of English count only by themselves.
    Nothing is found for an empty query. Raises `IndexFaultError` where the
    files of the index are damaged.
    """
    if query.is_empty:
        return Results()
    with faults(index.directory):
        meant, corrections = _corrected(index, query)
        found, is_loose = _found(index, meant, page), False
        if not _total(found) and len(_wanted(meant)) > 1:
            found, is_loose = _found(index, meant, page, is_loose=True), True
        suggestion = None if corrections or _total(found) > _RARE else _suggestion(index, query)
        results = _results(index, found, page, _to_mark(meant))
    return replace(
        results, corrections=corrections, suggestion=suggestion, is_loose=is_loose and results.total > 0
    )


def by_author(index: Index, slug: str, *, page: int = 1) -> Results:
    """Return a page of the papers by authors of that name, the newest first. Raises as `search` does."""
    with faults(index.directory):
        theirs = tantivy.Query.term_query(documents.schema(), "author", slug)
        found = index.searcher.search(theirs, PAGE, offset=_offset(page), order_by_field="moment")
        return _results(index, found, page, _Wanted(slug=slug))


def _found(index: Index, query: Query, page: int, *, is_loose: bool = False) -> SearchResult:
    wanted = [_clause(clause) for clause in _wanted(query)]
    excluded = [(Occur.MustNot, _clause(clause)) for clause in query.clauses if clause.is_excluded]
    if is_loose:
        held = tantivy.Query.boolean_query([(Occur.Should, one) for one in wanted], len(wanted) * 2 // 3)
        parts = [(Occur.Must, held)]
    else:
        parts = [(Occur.Must, one) for one in wanted]
    whole = tantivy.Query.boolean_query([*parts, *_in_a_row(query), *excluded])
    return index.searcher.search(whole, PAGE, offset=_offset(page))


def _offset(page: int) -> int:
    return (min(max(page, 1), PAGES) - 1) * PAGE


def _wanted(query: Query) -> tuple[Clause, ...]:
    """Return what must be there: everyday words are asked for only where nothing else is."""
    asked = [clause for clause in query.clauses if not clause.is_excluded]
    telling = [clause for clause in asked if clause.is_phrase or clause.text.lower() not in words.STOP_WORDS]
    return tuple(telling or asked)


def _clause(clause: Clause) -> tantivy.Query:
    names = _row("names", words.names(clause.text), slop=1 if clause.field == "author" else 0)
    if clause.field == "author":
        return names
    if clause.field in {"category", "source"}:
        return tantivy.Query.term_query(documents.schema(), clause.field, clause.text.lower())
    stems = words.stems(clause.text)
    if clause.field == "title":
        return _row("title", stems)
    boost = tantivy.Query.boost_query
    fields = (boost(_row("title", stems), _TITLE), _row("abstract", stems), boost(names, _NAMES))
    return tantivy.Query.boolean_query([(Occur.Should, field) for field in fields])


def _in_a_row(query: Query) -> list[tuple[Occur, tantivy.Query]]:
    """Return what lifts titles that hold the words as they were typed."""
    typed = [c.text for c in query.clauses if not c.is_excluded and not c.is_phrase and c.field == "any"]
    stems = words.stems(" ".join(typed))
    if len(typed) < 2:
        return []
    return [(Occur.Should, tantivy.Query.boost_query(_row("title", stems), _WHOLE_TITLE))]


def _row(field: str, terms: Sequence[str], slop: int = 0) -> tantivy.Query:
    """Return a query for terms that follow each other."""
    if not terms:
        return tantivy.Query.empty_query()
    if len(terms) == 1:
        return tantivy.Query.term_query(documents.schema(), field, terms[0])
    return tantivy.Query.phrase_query(documents.schema(), field, list(terms), slop)


def _corrected(index: Index, query: Query) -> tuple[Query, tuple[tuple[str, str], ...]]:
    """Replace words that stand nowhere by their nearest neighbours."""
    unknown = [clause for clause in _wanted(query) if _is_single(clause) and not _is_known(index, clause)]
    nearest = {
        clause: spelling.nearest(index, words.names(clause.text)[0]) for clause in unknown[:_CORRECTED]
    }
    meant = {clause: replace(clause, text=word) for clause, word in nearest.items() if word}
    clauses = tuple(meant.get(clause, clause) for clause in query.clauses)
    return replace(query, clauses=clauses), tuple((old.text, new.text) for old, new in meant.items())


def _suggestion(index: Index, query: Query) -> str | None:
    """Return the query with rare words replaced by far more frequent neighbours, if there are any."""
    rare = [clause for clause in _wanted(query) if _is_single(clause) and _is_rare(index, clause)]
    nearest = {clause: _nearest(index, clause) for clause in rare[:_CORRECTED]}
    meant = {
        clause: replace(clause, text=word)
        for clause, word in nearest.items()
        if word and spelling.frequency(index, word, _spelt_in(clause)) >= _FAR_MORE
    }
    clauses = tuple(meant.get(clause, clause) for clause in query.clauses)
    return str(replace(query, clauses=clauses)) if meant else None


def _is_single(clause: Clause) -> bool:
    is_spelt = clause.field in {"any", "author", "title"}
    return is_spelt and not clause.is_phrase and len(words.names(clause.text)) == 1


def _nearest(index: Index, clause: Clause) -> str | None:
    return spelling.nearest(index, words.names(clause.text)[0], _spelt_in(clause))


def _spelt_in(clause: Clause) -> spelling.Field:
    return "names" if clause.field == "author" else "spelt"


def _is_known(index: Index, clause: Clause) -> bool:
    (name,), (stem,) = words.names(clause.text), words.stems(clause.text)
    fields = [("names", name)] if clause.field == "author" else []
    fields = fields or [("names", name), ("title", stem), ("abstract", stem)]
    return any(index.searcher.doc_freq(field, term) for field, term in fields)


def _is_rare(index: Index, clause: Clause) -> bool:
    return spelling.frequency(index, words.names(clause.text)[0], _spelt_in(clause)) <= _RARE


def _to_mark(query: Query) -> _Wanted:
    wanted = _wanted(query)
    return _Wanted(
        frozenset(
            stem for clause in wanted if clause.field in {"any", "title"} for stem in words.stems(clause.text)
        ),
        frozenset(
            name
            for clause in wanted
            if clause.field in {"any", "author"}
            for name in words.names(clause.text)
        ),
    )


def _total(found: SearchResult) -> int:
    return int(found.count)  # type: ignore[attr-defined]  # its stub names only the hits


def _results(index: Index, found: SearchResult, page: int, wanted: _Wanted) -> Results:
    total = _total(found)
    return Results(
        hits=tuple(_hit(index, score, address, wanted) for score, address in found.hits),
        total=total,
        page=min(max(page, 1), PAGES),
        pages=max(1, min(PAGES, -(-total // PAGE))),
    )


def _hit(index: Index, score: float, address: tantivy.DocAddress, wanted: _Wanted) -> Hit:
    card = documents.read(index.searcher.doc(address))
    paper = card.paper
    count = len(paper.authors)
    named = count if count <= _AUTHORS_SHOWN + 1 else _AUTHORS_SHOWN
    meant = [name for name in paper.authors[named:_AUTHORS_LOOKED_AT] if _is_meant(name, wanted)]
    shown = (*paper.authors[:named], *meant[:_AUTHORS_SHOWN])
    return Hit(
        paper=paper,
        edition=card.edition,
        title=snippets.marked(paper.title, words.located(paper.title, wanted.stems)),
        snippet=snippets.snippet(
            paper.abstract, words.located(paper.abstract[:_ABSTRACT_LOOKED_AT], wanted.stems)
        ),
        authors=tuple(Author(name, people.slug(name), is_match=_is_meant(name, wanted)) for name in shown),
        others=count - len(shown),
        score=float(score),
    )


def _is_meant(name: str, wanted: _Wanted) -> bool:
    if wanted.slug:
        return people.slug(name) == wanted.slug
    return not wanted.names.isdisjoint(words.names(name))
