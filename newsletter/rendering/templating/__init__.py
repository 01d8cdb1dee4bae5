"""Templates, and what keeps everything that anybody typed inert in them."""
