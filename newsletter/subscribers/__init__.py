"""Keep the readers: their consent, preferences and hour."""
