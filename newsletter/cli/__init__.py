"""The command line; each noun has a file of its own."""
