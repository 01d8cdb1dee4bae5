"""A day's papers as groups, each named by a phrase."""
