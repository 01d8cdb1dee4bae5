"""What every page shares: settings, forms, caching, limits."""
