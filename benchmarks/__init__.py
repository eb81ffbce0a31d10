"""What the client costs, measured side by side with what one would use instead. Run it as `python -m benchmarks`."""
