"""Who gets the digest, and when."""
