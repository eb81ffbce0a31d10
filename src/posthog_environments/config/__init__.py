"""Settings of a client, the API key, and the defaults."""
