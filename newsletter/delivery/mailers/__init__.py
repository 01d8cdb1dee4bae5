"""One port, three ways to deliver."""
