"""The world → sightings.

`catalog` says which sources there are; `polling` asks them (`fetch`,
`politeness`, `addresses`), has the answers read (`reading`, then `documents`
and `feeds` for XML, `jsonfeed` for JSON, and an adapter: `arxiv`,
`huggingface` or `mentions`) and says what to remember (`memory`); `freshness`
judges what is remembered; `store` keeps it; `inspection` looks at a source
before it is added.
"""

from newsletter.sources.faults import Fault, FaultKind

__all__ = ["Fault", "FaultKind"]
