"""Mail through SendGrid's v3 API."""
