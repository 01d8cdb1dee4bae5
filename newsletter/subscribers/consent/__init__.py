"""Joining, moving and leaving: who may be mailed, and what proves it."""
