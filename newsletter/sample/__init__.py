"""Sample sources for `newsletter demo`: real papers' facts, served as feeds on loopback.

`today.json` and `history.json` hold facts and nothing that the service works
out by itself: who wrote what, in which categories, how many votes it had at
the first look, which source shows it on which day. They pass the same
code as any real day, so what is changed in them shows in the digest.

Titles, numbers, authors and categories are arXiv's metadata (CC0) of April
2026; votes are those of Hugging Face's daily page in the same weeks, as
gathered by huangboming/huggingface-daily-paper-feed (MIT). The abstracts are
written for this package, and so are the blog and its posts, which do not exist.
Days are laid out anew, so that the last batch is always today's.
"""

from newsletter.sample.calendar import history
from newsletter.sample.server import SampleSite, serve, sources

__all__ = ["SampleSite", "history", "serve", "sources"]
