"""How subscribers are kept in Redis."""
