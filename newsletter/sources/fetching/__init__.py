"""Asking an address over HTTP, believing nothing."""
