"""Results: the values that calls return, and how response bodies are decoded into them."""
