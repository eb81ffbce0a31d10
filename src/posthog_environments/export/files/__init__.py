"""Exports into files: what is fetched is kept, and whatever interrupts one, it can go on."""
