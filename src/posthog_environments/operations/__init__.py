"""Each operation once: its arguments, its meaning, its answer."""
