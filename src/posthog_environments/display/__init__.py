"""How results are shown: notebooks, terminals, figures."""
