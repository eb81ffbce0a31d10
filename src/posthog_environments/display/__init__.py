"""Show results in notebooks, terminals and figures."""
