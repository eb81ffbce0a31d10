"""How much of an account's quota is used, and whether the server ever has to refuse.

The pacing of the client runs on a clock that leaps (`soak.clock`), for hours of the real rates, against servers that
count in sliding logs and in fixed windows; `make soak` does the same at length, and pins it to real time.
"""

from __future__ import annotations

from random import Random

from benchmarks.harness import Result, Setup
from soak.load import PERSONS, SERVERS, Account

WORKERS = (1, 8, 200)
LATENCY = (0.05, 0.4)


def run(setup: Setup) -> list[Result]:
    """Use the quota up, print, and return what is held against the targets."""
    hours = 2 if setup.quick else 6
    used: list[float] = []
    sent = refused = 0
    print(f"\nThe quota of an account, {hours} hours of it")
    for server in SERVERS:
        for workers in WORKERS:
            dice = Random(f"{server.__name__} {workers}")
            account = Account(server, PERSONS, workers, dice, latency=LATENCY)
            # A second less, so that what is counted is whole windows: the first request goes at once.
            account.run(hours * 3600.0 - 1.0)
            print(
                f"  {server.__name__:<12} {workers:>3} at once: {account.used():7.2%} used, {account.refused} refused"
            )
            used.append(account.used())
            sent, refused = sent + account.sent, refused + account.refused + account.failed
    print(f"  {sent:,} requests, {refused} of them refused or failed")
    # One refusal is one too many: then nothing of the quota counts as used well.
    return [Result("quota used with no 429", 0.0 if refused else min(used), 0.97, at_least=True, stretch=0.995)]
