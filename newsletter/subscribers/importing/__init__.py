"""Lists of other newsletter engines, and our own export: read, understood, shown, and only then kept."""
