"""Text as it may be shown, and the identifiers that stand in it."""
