"""What was published: editions, topics, feeds, search."""
