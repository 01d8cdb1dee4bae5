"""`python -m newsletter.web`: serve the site with the settings of this environment."""

import sys

from newsletter import settings
from newsletter.errors import NewsletterError
from newsletter.web import serve

if __name__ == "__main__":
    try:
        serve.run(settings.load())
    except NewsletterError as error:
        print(error, file=sys.stderr)  # noqa: T201  # a command speaks to the person who typed it
        sys.exit(1)
