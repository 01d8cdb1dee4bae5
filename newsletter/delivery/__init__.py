"""Messages → inboxes, once."""
