"""Trending Papers: polls sources, groups the day's papers, ranks what is trending, and mails it once.

The rooms stand in the order in which data walks through them: `sources`,
`papers`, `topics`, `editions`, `subscribers`, `rendering`, `delivery`; the
site (`web`), the command line (`cli`) and the Celery tasks (`workers`) are
doors to them. `.github/CONTRIBUTING.md` draws the house.
"""

import os

# One thread a process for linear algebra, unless the operator says otherwise: worker processes are the
# parallelism here, threads that wait for each other cost ten times what they save on matrices of a day's
# size, and sums in one order are what lets an edition be composed again byte by byte.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
