"""Sightings become papers: one work, whatever source, version or title noise it came with."""

from newsletter.papers.merging import merge

__all__ = ["merge"]
