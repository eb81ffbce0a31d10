"""Many changes at once, with a journal that says afterwards what was done.

`inputs` says who is meant, `jobs` what is to be done, `outcomes` what came of it. `journal` is the format, `file` the
file, `journal` writes it, and `proof` reads it for somebody who asks. `lookups` finds out whom an input means; `run`
does all in its order, `singles` one change after the other and `batches` many at once. `decisions`, `summaries` and
`events` decide what comes of an answer, and `tally` keeps count. `keep` keeps distinct ids. `flows` are what the
clients bind.
"""
