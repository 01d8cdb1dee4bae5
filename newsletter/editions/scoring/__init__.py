"""How papers are scored, and what earlier days teach."""
