"""What comes back: events, bounces, complaints, and requests whose end is uncertain."""
