"""Many changes at once, with a journal that says afterwards what was done.

`journal` is the format, `file` the file, `jobs` what is to be done and what came of it, `verdicts` the decisions;
`lookups` finds out whom an input means, `ledger` writes down, `run` does one thing after the other, and `flows` are
what the clients bind.
"""
