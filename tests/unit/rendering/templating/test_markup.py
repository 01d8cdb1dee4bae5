"""HTML for mail clients."""

import pytest

from newsletter.rendering.templating.markup import for_mail

PAGE = """<!DOCTYPE html><html><head><style>
  p { margin: 0; }
  .dim { color: #555555; }
</style><style data-css-inline="keep">
  @media (prefers-color-scheme: dark) {
    .dim, .gone { color: #aaaaaa !important; }
    .gone { color: #bbbbbb !important; }
    .dim a { color: #cccccc !important; }
  }
</style></head><body><p class="dim small">ü 流 🧬</p>
<p>class="small" &lt;b class="small"&gt;</p></body></html>"""


def test_styles_move_into_the_elements_and_the_rest_is_ascii():
    """Clients that drop style blocks still show the page, whatever charset they guess."""
    html = for_mail(PAGE)
    assert 'style="margin:0;color:#555555"' in html
    assert "&#252; &#27969; &#129516;" in html
    assert html.isascii()


def test_rules_and_classes_that_nothing_uses_are_dropped():
    """What stays is what this mail needs; texts that look like markup stay as they are."""
    html = for_mail(PAGE)
    assert "gone" not in html
    assert ".dim{ color: #aaaaaa !important; }" in html
    assert ".dim a{ color: #cccccc !important; }" in html
    assert '<p class="dim" style' in html
    assert 'class="small" &lt;b class="small"&gt;' in html


@pytest.mark.parametrize("href", ["-unsubscribe_url-", "https://example.org/?a=1&amp;b=%7B2%7D#x"])
def test_links_are_left_alone(href):
    """Neither a placeholder nor an address is rewritten."""
    assert f'<a href="{href}">x</a>' in for_mail(f'<a href="{href}">x</a>')


def test_nothing_is_fetched(tmp_path):
    """A style sheet that a template links to is not looked for."""
    sheet = tmp_path / "sheet.css"
    sheet.write_text("p { color: red; }")
    html = for_mail(f'<link rel="stylesheet" href="file://{sheet}"><p>x</p>')
    assert "red" not in html
