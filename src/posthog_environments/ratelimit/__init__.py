"""Rate limiting: for one client, and shared by many processes."""
