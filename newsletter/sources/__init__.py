"""The world → sightings."""
