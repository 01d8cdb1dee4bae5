"""What machines ask: status, metrics, webhooks."""
