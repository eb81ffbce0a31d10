"""The quota: of one client, and shared by many processes."""
