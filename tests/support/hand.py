"""Somebody who uses a page, with a mouse or with a keyboard and nothing else."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the `browser` group alone brings it, and doctests import every file
    from playwright.sync_api import Locator, Page


class Hand:
    """Presses, writes and chooses on one page; by keys, what has no visible focus fails."""

    def __init__(self, page: "Page", *, by_keys: bool) -> None:
        self.page, self.by_keys = page, by_keys

    def press(self, role: Literal["button", "link"], name: str, *, exact: bool = True) -> None:
        """Press a button or follow a link, and wait for the page that it leads to."""
        target = self.page.get_by_role(role, name=name, exact=exact)
        if self.by_keys:
            self._reach(target)
        with self.page.expect_navigation():
            if self.by_keys:
                self.page.keyboard.press("Enter")
            else:
                target.click()
        wide, room = self.page.locator("html").evaluate("one => [one.scrollWidth, one.clientWidth]")
        assert wide <= room, f"{self.page.url} scrolls sideways"

    def write(self, label: str, text: str) -> None:
        """Put a text into a field."""
        target = self.page.get_by_label(label)
        if not self.by_keys:
            target.fill(text)
            return
        self._reach(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def choose(self, label: str) -> None:
        """Check one of several, or a box."""
        target = self.page.get_by_label(label)
        if not self.by_keys:
            target.check()
        elif target.get_attribute("type") == "checkbox":
            self._reach(target)
            self.page.keyboard.press("Space")
        else:
            self._reach(target.locator("xpath=ancestor::fieldset").get_by_role("radio", checked=True))
            while not target.is_checked():
                self.page.keyboard.press("ArrowDown")

    def open(self, summary: str) -> None:
        """Unfold what is folded."""
        target = self.page.locator("summary", has_text=summary)
        if self.by_keys:
            self._reach(target)
            self.page.keyboard.press("Enter")
        else:
            target.click()

    def _reach(self, target: "Locator") -> None:
        for _ in range(120):
            if target.evaluate("one => one === document.activeElement"):
                assert target.evaluate("one => getComputedStyle(one).outlineStyle") == "solid", "unseen focus"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {target}")
