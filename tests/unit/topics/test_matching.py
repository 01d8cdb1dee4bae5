"""Which papers hold a phrase."""

import pytest
from builders import a_paper

from newsletter.topics import holds


@pytest.mark.parametrize(
    ("title", "abstract", "phrase", "expected"),
    [
        ("Language-model agents", "", "language models", True),
        ("Agents of language", "", "language agents", False),
        ("AGENTS", "", "agent", True),
        ("Reagents in chemistry", "", "agent", False),
        ("Offline RL at scale", "", "reinforcement learning", True),
        ("Offline reinforcement learning", "", "RL", True),
        ("Offline RL", "Representation Learning (RL) is old.", "reinforcement learning", False),
        ("A study of QQZ", "", "quick quiet zebras (QQZ)", True),
        ("A study of QQZ", "", "quick quiet zebras", False),
        ("Quick quiet zebras", "Quick Quiet Zebras (QQZ) run.", "QQZ", True),
        ("基于神经网络的方法", "", "神经网络", True),
        ("ترجمة آلية", "", "ترجمة", True),
        ("Anything", "", "", False),
        ("Anything", "", "$x$ …", False),
    ],
)
def test_a_paper_holds_a_phrase_in_any_inflection_or_as_its_acronym(title, abstract, phrase, expected):
    """Stems match without gaps; acronyms mean what the paper says, else what is commonly known."""
    assert holds(a_paper(title=title, abstract=abstract), phrase) is expected
