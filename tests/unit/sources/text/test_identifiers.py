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
    ("address", "doi", "version"),
    [
        ("frontiersin.org/articles/10.3389/frai.2026.1234567/full", "10.3389/frai.2026.1234567", None),
        ("onlinelibrary.wiley.com/doi/10.1002/adma.202600001/full", "10.1002/adma.202600001", None),
        ("onlinelibrary.wiley.com/doi/epdf/10.1002/adma.202600001", "10.1002/adma.202600001", None),
        ("iopscience.iop.org/article/10.1088/1367-2630/abc123/meta", "10.1088/1367-2630/abc123", None),
        ("academic.oup.com/nar/article/doi/10.1093/nar/gkag123/7012345", "10.1093/nar/gkag123", None),
        ("pubs.aip.org/aip/jcp/article/doi/10.1063/5.0123456/2890123/A-title", "10.1063/5.0123456", None),
        ("link.springer.com/content/pdf/10.1007/s00000-026-00001-1.pdf", "10.1007/s00000-026-00001-1", None),
        ("cell.com/doi/10.1016/j.cell.2026.01.001/fulltext", "10.1016/j.cell.2026.01.001", None),
        ("tandfonline.com/doi/full/10.1080/01234567.2026.1/", "10.1080/01234567.2026.1", None),
        (
            "journals.plos.org/plosone/article?id=10.1371/journal.pone.0123456",
            "10.1371/journal.pone.0123456",
            None,
        ),
        ("elifesciences.org/articles/12345", "10.7554/elife.12345", None),
        ("pubs.rsc.org/en/content/articlelanding/2026/sc/d6sc00001a", "10.1039/d6sc00001a", None),
        ("papers.ssrn.com/sol3/papers.cfm?abstract_id=1234567", "10.2139/ssrn.1234567", None),
        ("biorxiv.org/content/10.64898/2026.05.30.596691v2.full.pdf", "10.64898/2026.05.30.596691", 2),
        ("medrxiv.org/content/10.1101/2024.05.30.596691v2.full.pdf+html", "10.1101/2024.05.30.596691", 2),
        (
            "biorxiv.org/content/biorxiv/early/2024/05/30/2024.05.30.596691.full.pdf",
            "10.1101/2024.05.30.596691",
            None,
        ),
        ("biorxiv.org/cgi/content/short/2026.05.29.700001v1?rss=1", "10.64898/2026.05.29.700001", 1),
        ("chemrxiv.org/doi/10.26434/chemrxiv-2026-abcde-v2", "10.26434/chemrxiv-2026-abcde", 2),
        ("researchsquare.com/article/rs-4400001/v2", "10.21203/rs.3.rs-4400001", 2),
        ("doi.org/10.21203/rs.3.rs-4400001/v1", "10.21203/rs.3.rs-4400001", 1),
        ("preprints.org/manuscript/202601.0001/v2", "10.20944/preprints202601.0001", 2),
        ("doi.org/10.20944/preprints202601.0001.v3", "10.20944/preprints202601.0001", 3),
        ("doi.org/10.12688/f1000research.123456.2", "10.12688/f1000research.123456", 2),
        ("doi.org/10.31234/osf.io/ab3de_v2", "10.31234/osf.io/ab3de", 2),
        ("osf.io/preprints/socarxiv/ab3de_v1", "10.31235/osf.io/ab3de", 1),
        ("doi.org/10.7554/eLife.12345.2", "10.7554/elife.12345", 2),
        ("doi.org/10.1103/PhysRevLett.134.010101", "10.1103/physrevlett.134.010101", None),
        ("doi.org/10.1101/gr.123456.123", "10.1101/gr.123456.123", None),
        (
            "doi.org/10.1002/(SICI)1097-0258(19980815)17:15%3C1661::AID-SIM968%3E3.0.CO;2-2",
            "10.1002/(sici)1097-0258(19980815)17:15<1661::aid-sim968>3.0.co;2-2",
            None,
        ),
        (
            "doi.org/10.1890/0012-9658(2006)87[1733:TPOC]2.0.CO;2",
            "10.1890/0012-9658(2006)87[1733:tpoc]2.0.co;2",
            None,
        ),
    ],
)
def test_a_publishers_address_names_the_doi_and_nothing_more(
    address: str, doi: str, version: int | None
) -> None:
    """What a site adds is no part of it, a version stands apart, and what only looks like an end stays."""
    assert in_address(f"https://www.{address}") == WorkId(None, doi, version)


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
