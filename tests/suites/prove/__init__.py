"""Proof that the contract can be trusted, which anyone can run: `make prove`."""
