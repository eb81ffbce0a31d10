"""Many changes with a journal.

`inputs` and `jobs` check what is to be done. `run` does it: it finds the persons by `lookup`, sends `changes`, decides
by `decisions` and keeps count in `run_outcomes`. `journal` is the format of the journal, `file` its file,
`journal_writer` writes it, and `proof` sums it up. `outcomes` is what callers get. `operations` are what the clients
bind.
"""
