"""HTML as a test sees it: elements, attributes, text."""

from html.parser import HTMLParser

from newsletter.rendering.templating.inert import NO_WIDTH


def in_one_line(text: str) -> str:
    """Undo the setting of a text, marks without width included, so that sentences can be found in it."""
    return " ".join(text.replace(NO_WIDTH, "").split())


class Elements(HTMLParser):
    """Every element of a mail with its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of a name."""
        return [attributes for name, attributes in self.found if name == tag]
