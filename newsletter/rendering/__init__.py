"""Edition and preferences → message; context → page."""
