"""Sightings → papers."""
