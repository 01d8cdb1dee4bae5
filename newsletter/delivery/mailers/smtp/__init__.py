"""Mail over SMTP: pipelined, patient, and exact about each recipient."""
