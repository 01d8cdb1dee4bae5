"""Batches and notices on their way: claimed, intended, sent once."""
