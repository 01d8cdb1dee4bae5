"""Papers → topics."""
