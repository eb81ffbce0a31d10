"""The suite "pipelines" says what is missing, and its figures can be missed; with Spark it runs in `make soak`."""

from __future__ import annotations

from typing import Any

import pytest

from posthog_environments import Environment
from soak import pipelines
from soak.canned import Canned
from soak.cluster import needed
from soak.frame import Effort, carry_out, missed
from soak.rates import RATES

EFFORT = Effort(share=0.002)


@pytest.mark.parametrize("campaign", pipelines.CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_without_spark_it_fails_and_says_what_to_install(campaign: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines, "PYTHON", pipelines.SUITES / "nowhere" / "python")
    result = carry_out("pipelines", campaign, EFFORT)
    assert not result.met
    assert "PySpark is not installed here. `make soak ARGS=pipelines`" in "".join(missed(result.figures))


def test_without_java_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines, "PYTHON", pipelines.SUITES / "soak" / "__init__.py")
    monkeypatch.setenv("PATH", "/nowhere")
    said = pipelines.needed()
    assert said is not None
    assert "Java 17" in said
    assert "make pipelines" in needed() or "Java 17" in needed()


def told(rows: int, different: int, digest: str = "a", *, complete: bool = True) -> dict[str, Any]:
    return {"rows": rows, "different": different, "sum": digest, "seconds": 1.0, "complete": complete}


@pytest.mark.parametrize(
    ("spark", "figure"),
    [
        (told(1999, 1999), "spark: persons"),
        (told(2001, 2000), "spark: persons"),
        (told(2000, 2000, complete=False), "spark: persons"),
        (told(2000, 2000, "b"), "different sets of uuids"),
    ],
)
def test_an_engine_that_reads_others(spark: dict[str, Any], figure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"walk": told(2000, 2000), "dlt": told(2000, 2000), "spark": told(2000, 2000)}
    monkeypatch.setattr(pipelines, "_engine", lambda how, *_, **__: found[how])
    assert missed(pipelines.same_persons(EFFORT)) == []
    found["spark"] = spark
    assert figure in "\n".join(missed(pipelines.same_persons(EFFORT)))


def test_the_server_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not pace himself is refused there, and what is used is what it granted in whole windows."""
    counting = pipelines.Counting(persons=100)
    with (
        Canned(counting.answer) as server,
        Environment(1, api_key="phx_somebody", host=server.host, pacing=False) as env,
    ):
        assert len(list(env.persons.list(page_size=10))) == 100
        assert counting.refused == 0
        for _ in range(RATES[0][0]):
            env.persons.list(page_size=1).first()
    assert counting.refused > 0
    limit, seconds = RATES[-1]
    probes = [-99.0] * pipelines.PROBES
    counting.granted = [*probes, *(seconds * n / limit for n in range(3 * limit))]
    assert counting.used() == (1.0, 2)
    counting.granted = [*probes, *(2 * seconds * n / limit for n in range(limit + 1))]
    assert counting.used() == (0.5, 2)


def test_a_quota_that_each_has_for_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(how: str, environ: dict[str, str], **given: Any) -> dict[str, Any]:
        with Environment(1, api_key="phx_x", host=environ["POSTHOG_HOST"], pacing=False, max_wait=60) as env:
            found = {person.uuid for person in env.persons.list(page_size=given["page_size"])}
        return told(len(found), len(found))

    monkeypatch.setattr(pipelines, "_engine", engine)
    assert "429s in" in "\n".join(missed(pipelines.one_quota(EFFORT)))
