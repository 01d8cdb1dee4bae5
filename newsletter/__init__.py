"""Trending Papers: polls sources, groups the day's papers, ranks what is trending, and mails it once.

The rooms stand in the order in which data walks through them: `sources`,
`papers`, `topics`, `editions`, `subscribers`, `rendering`, `delivery`; the
site (`web`), the command line (`cli`) and the Celery tasks (`workers`) are
doors to them. `.github/CONTRIBUTING.md` draws the house.
"""
