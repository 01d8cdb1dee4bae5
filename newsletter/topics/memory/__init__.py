"""What earlier days taught: counts, and a latent space."""
