"""Topics and signals → the day's edition."""
