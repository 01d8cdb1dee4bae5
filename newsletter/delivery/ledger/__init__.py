"""The ledger: who was addressed for an edition, and what became of each mail."""
