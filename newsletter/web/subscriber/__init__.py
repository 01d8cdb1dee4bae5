"""A reader's pages: signing up, preferences, leaving."""
