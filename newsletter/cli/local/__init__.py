"""The whole house on one machine: `demo`, `dev`, `web`."""
