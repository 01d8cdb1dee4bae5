"""Identifiers: arXiv numbers and DOIs, found wherever feeds put them."""

import pytest

from newsletter.sources.text.identifiers import WorkId, arxiv_number, in_address, in_identifier, in_text


@pytest.mark.parametrize(
    ("address", "work"),
    [
        ("https://arxiv.org/abs/2604.21935", WorkId("2604.21935")),
        ("http://export.arxiv.org/pdf/2604.21935v3.pdf", WorkId("2604.21935", None, 3)),
        ("https://arxiv.org/html/2604.21935v1#S1", WorkId("2604.21935", None, 1)),
        ("https://arxiv.org/abs/math.AG/0309136v2", WorkId("math/0309136", None, 2)),
        ("https://arxiv.org/abs/hep-th/9901001", WorkId("hep-th/9901001")),
        ("https://huggingface.co/papers/2606.19195", WorkId("2606.19195")),
        ("https://www.alphaxiv.org/abs/2606.19195v1", WorkId("2606.19195", None, 1)),
        ("https://doi.org/10.48550/arXiv.2606.19195", WorkId("2606.19195")),
        ("https://doi.org/10.1038/S41586-024-07459-0", WorkId(None, "10.1038/s41586-024-07459-0")),
        ("https://dx.doi.org/10.1002%2Fabc.1?x=y", WorkId(None, "10.1002/abc.1")),
        ("https://www.nature.com/articles/s41586-024-07459-0", WorkId(None, "10.1038/s41586-024-07459-0")),
        (
            "https://www.biorxiv.org/content/10.1101/2024.05.30.596691v1",
            WorkId(None, "10.1101/2024.05.30.596691", 1),
        ),
        (
            "https://www.biorxiv.org/content/10.1101/2024.05.30.596691v2.full-text",
            WorkId(None, "10.1101/2024.05.30.596691", 2),
        ),
        ("http://biorxiv.org/cgi/content/short/857789v1?rss=1", WorkId(None, "10.1101/857789", 1)),
        ("https://arxiv.org/list/cs.LG/recent", None),
        ("https://arxiv.org/abs/2699.12345", None),
        ("https://example.org/2604.21935", None),
        ("https://news.ycombinator.com/item?id=46259064", None),
    ],
)
def test_an_address_names_its_work(address: str, work: WorkId | None) -> None:
    """Versions stand apart from numbers, and DOIs are in lower case without their resolver."""
    assert in_address(address) == work


@pytest.mark.parametrize(
    ("text", "work"),
    [
        ("oai:arXiv.org:2604.21935v1", WorkId("2604.21935", None, 1)),
        ("doi:10.1101/2023.12.16.571984", WorkId(None, "10.1101/2023.12.16.571984")),
        ("10.1063/1.4944470", WorkId(None, "10.1063/1.4944470")),
        ("oai:arXiv.org:0000.00000v1", None),
        ("urn:uuid:60a76c80", None),
    ],
)
def test_an_identifier_names_its_work(text: str, work: WorkId | None) -> None:
    """Prefixes of any kind are fine; a number that cannot exist is none."""
    assert in_identifier(text) == work


def test_a_text_names_each_work_once_in_order() -> None:
    """Of several versions the highest counts, and a DOI of arXiv's own is its number."""
    said = (
        "See arXiv:2601.00002v1 and https://arxiv.org/abs/2601.00001, then doi:10.1000/xyz(1)2. "
        "Also https://arxiv.org/pdf/2601.00002v3 and 10.48550/arXiv.2601.00001."
    )
    assert in_text(said) == (
        WorkId("2601.00002", None, 3),
        WorkId("2601.00001"),
        WorkId(None, "10.1000/xyz(1)2"),
    )


@pytest.mark.parametrize(
    "text", ["", "2604.2193", "2613.00001", "x2604.21935", "2604.21935x", "../2604.21935"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    """Four or five digits after a year and a month that exist, and nothing around them."""
    found = arxiv_number(text)
    assert found is None or text == "2604.2193"
