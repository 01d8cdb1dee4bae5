"""The Jinja environment of the site's pages."""

from jinja2 import Environment

from newsletter.rendering.site import SiteFacts
from newsletter.rendering.templating import templates
from newsletter.settings import Settings


def environment(settings: Settings) -> Environment:
    """Return an environment for `templates/web`, with `site` known to every template.

    The filters are those of `newsletter.rendering.phrasing`, so that a number
    reads the same in the mail and on the page. Escaping is on, an unknown name
    is an error, and files are read again on each use outside production.
    """
    shared = templates.environment("web", settings.templates_dir, reload=not settings.is_production)
    pages = shared.overlay()
    pages.globals = {**shared.globals, "site": SiteFacts.of(settings)}
    return pages
