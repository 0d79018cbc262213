"""Two records: how alike they are, and why."""

from __future__ import annotations

import json

import pytest
from commandline import dedupe as command

from dedupe import InputError, SettingsError, cluster, explain, pairs, similarity

FERRY = "Ferry tolls at Pell Point to rise in June"
FALL = "Ferry tolls at Pell Point to fall in June"
AGAIN = "UPDATE 1-Ferry tolls at Pell Point to rise in June"
LAMP = "Old lighthouse stays lit"


def test_the_similarity_is_the_score_of_a_run_over_the_two():
    one = {"title": FERRY, "source": "Herald", "published": "2026-03-03T08:00:00Z"}
    other = {"title": AGAIN, "source": "Post", "published": "2026-03-03T09:00:00Z"}
    (pair,) = pairs([one, other])
    assert similarity(one, other) == similarity(other, one) == pair.score
    assert similarity(one, other) > similarity(FERRY, AGAIN)


def test_the_similarity_of_copies_and_of_nothing():
    assert similarity(FERRY, FERRY) == 1
    assert similarity(FERRY, LAMP) == 0
    assert similarity(FERRY, "") == 0
    assert 0 < similarity(FERRY, FALL) < 0.5


def test_the_similarity_is_that_of_the_settings():
    one, other = {"head": FERRY, "title": FALL}, {"head": FERRY, "title": LAMP}
    assert similarity(one, other) == 0
    assert similarity(one, other, field="head") == 1
    assert similarity("Tolls rise by 4 pence", "Tolls rise by 5 pence", numbers="strict") == 0


@pytest.mark.parametrize("other", [AGAIN, FALL, LAMP, FERRY])
def test_an_explanation_reads_as_on_the_command_line(other: str, tmp_path):
    found = explain(FERRY, other)
    done = command("explain", FERRY, other, folder=tmp_path)
    assert str(found) + "\n" == done.out.decode()
    done = command("explain", "--json", FERRY, other, folder=tmp_path)
    assert json.loads(json.dumps(found.to_dict())) == json.loads(done.out)
    assert found.score == pytest.approx(similarity(FERRY, other))
    assert found.is_duplicate == (len(cluster([FERRY, other])) == 1)


def test_what_an_explanation_says():
    found = explain(FERRY, FALL)
    assert repr(found) == f"<PairExplanation: two stories, score {found.score:.3f}>"
    assert found.threshold == 0.5
    assert found.text_score == pytest.approx(found.score)
    assert any("contradicts" in str(reason) for reason in found.reasons)
    assert sum(reason.log_odds for reason in found.reasons) == pytest.approx(
        found.to_dict()["log_odds"], abs=1e-3
    )
    assert {reason.field for reason in found.reasons} == {"title"}
    assert found.stopped_by == ()
    apart = explain(FERRY, LAMP)
    assert apart.reasons == ()
    assert apart.text_score == 0
    assert any(reason.startswith("prefilter: ") for reason in apart.stopped_by)


def test_records_are_described_by_what_is_known_of_them():
    found = explain(
        {"id": "x7", "title": FERRY, "source": "Herald", "date": "2026-03-03T08:00"}, AGAIN
    )
    lines = str(found).splitlines()
    assert "  A  x7  Herald  2026-03-03 08:00" in lines
    assert "  B  B" in lines
    assert found.to_dict()["a"] == {"id": "x7"}


REFUSED = {
    "no text": (({"a": "b"}, {}), {}, InputError, "no record has a text"),
    "a number": (
        (FERRY, 12),
        {},
        InputError,
        r"records\[1\]: expected a dict or a string, got int",
    ),
    "labels": ((FERRY, LAMP), {"links": "a.csv"}, SettingsError, "links: applies to cluster"),
    "skipping": (
        (FERRY, LAMP),
        {"on_error": "skip"},
        SettingsError,
        "on_error: applies to cluster",
    ),
    "unknown": ((FERRY, LAMP), {"treshold": 1}, SettingsError, "did you mean threshold"),
}


@pytest.mark.parametrize("function", [similarity, explain])
@pytest.mark.parametrize(("two", "given", "kind", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(function, two, given, kind, says):
    with pytest.raises(kind, match=says):
        function(*two, **given)
