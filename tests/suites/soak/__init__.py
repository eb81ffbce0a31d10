"""What is made of faults, of hostile servers and of load: long campaigns, each of which ends in figures.

`python -m soak` makes them all; `make test` makes the same ones with less effort, and breaks the client on purpose to
see each of them fail.
"""
