"""What a client is told: settings, the API key, defaults."""
