"""Which kind of document it is, and who reads it."""
