"""Records as columns: plain values and Arrow."""
