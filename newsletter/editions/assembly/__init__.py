"""From scored papers to an edition, and from an edition to a reader's copy."""
