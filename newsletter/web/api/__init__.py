"""The API for programs: what the pages show, and subscribing, under `/api/v1`."""
