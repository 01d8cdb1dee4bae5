"""Text as stems, phrases and acronyms."""
