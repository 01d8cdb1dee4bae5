"""Find the readers who are due and what each gets: cohorts are frozen before anything is sent."""
