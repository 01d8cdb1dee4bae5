"""Who is due, and what each of them gets: cohorts are frozen before anything is sent."""
