"""Whole runs: what holds for every input, and what the shipped stories come to."""

from __future__ import annotations

import numpy as np
import pytest
from commandline import PROJECT
from corpora import (
    CORPORA,
    lines,
    partition,
    run_of,
    shipped,
    story,
    told_alike,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import bits, needs_kernel, three_ways
from readers import read_bytes

from dedupe import matching, preprocess
from dedupe.config import Field, Settings
from dedupe.models import NO_TIME
from dedupe.pipeline import run

FEW = settings(max_examples=25)
UCI = PROJECT.parent / "shared" / "data" / "uci.jsonl.gz"
LINKAGES = st.sampled_from(("average", "leader"))


def test_the_shipped_stories_fall_into_their_groups():
    result = run_of(shipped())
    assert partition(result) == told_alike(result.corpus.ids)


def pair_of(left: str, right: str, lede_one: str = "", lede_other: str = "", hours: int = 1):
    return [
        story(1, left, lede_one, "Northern Wire", 0),
        story(2, right, lede_other, "Evening Ledger", hours),
    ]


def bare(stories):
    """Return records without dates and outlets."""
    return [{name: s[name] for name in ("id", "title", "lede") if name in s} for s in stories]


TIDE = "A spring tide carried the pilot boat over the harbour wall at Tasker Bay before dawn."
HERRING = "Herring return to Tasker Bay"
RECOUNT = "A judge ordered postal ballots at {} to be counted again after {}."
WIN = "{} won the hockey final on Sunday, beating {} by {} goals."
TWINS = {
    "same text": pair_of(HERRING, HERRING),
    "tag": pair_of(HERRING, f"UPDATE 1-{HERRING}"),
    "outlet": pair_of(HERRING, f"{HERRING} - BBC News"),
    "capitals": pair_of(HERRING, HERRING.upper()),
    "accents and quotes": pair_of("Café ‘Zöe’ shuts its doors", "Cafe 'Zoe' shuts its doors"),
    "full width": pair_of(HERRING, "Ｈｅｒｒｉｎｇ return to Tasker Bay"),
    "entities": pair_of(
        "Fish &amp;amp; chips shop burns in Odlin", "Fish & chips shop burns in Odlin"
    ),
    "house style": pair_of(
        "Mill sold for 310 million dollars in Odlin Bay", "Mill sold for $310 mln in Odlin Bay"
    ),
    "a clause that moved": pair_of(
        "Two held after fire at Pell Point, police say",
        "Police say two held after fire at Pell Point",
    ),
    "passive voice": pair_of(
        "Court fines Zellwick Quarries for river spill",
        "Zellwick Quarries fined by court for river spill",
    ),
    "abbreviation": pair_of(
        "United Nations warns of famine in northern Sudan", "UN warns of famine in northern Sudan"
    ),
    "a typo": pair_of(
        "Zellwick Quarries to close its Arden plant", "Zelwick Quarries to close its Arden plant"
    ),
    "a copy with the longer lede": pair_of(
        "Pilot boat stranded on harbour wall",
        "Pilot boat stranded on harbour wall at Tasker Bay",
        TIDE,
        TIDE.replace("dawn", "dawn, Northern Wire reported"),
    ),
}
STRANGERS = {
    "other company": pair_of(
        "Zellwick Quarries to cut 200 jobs at its Arden plant",
        "Bramble Foundry to cut 900 jobs at its Pellmore plant",
    ),
    "other quarter": pair_of(
        "Zellwick Quarries Q1 profit rises 12 pct", "Zellwick Quarries Q3 profit falls 8 pct"
    ),
    "other month": pair_of(
        "Odlin factory output rises 2 pct in January", "Odlin factory output rises 2 pct in March"
    ),
    "negation": pair_of(
        "Zellwick Quarries will cut jobs at its Arden plant",
        "Zellwick Quarries will not cut jobs at its Arden plant",
    ),
    "opposites": pair_of(
        "Bakers of Odlin accept the pay offer", "Bakers of Odlin reject the pay offer"
    ),
    "another place the next day": pair_of(
        "Judge orders recount of postal ballots at Thornbury",
        "Judge orders recount of postal ballots at Eastwick",
        RECOUNT.format("Thornbury", "two boxes were found in a cellar"),
        RECOUNT.format("Eastwick", "a clerk mislaid the tally"),
        18,
    ),
    "empty": pair_of("", ""),
    "no words": pair_of("!!!", "..."),
    "one word in common": pair_of(HERRING, "Tasker elected mayor"),
    "a short title inside a longer one": pair_of(
        "Transfer news", "Transfer news: Odlin sign keeper"
    ),
    "a symbol": pair_of("Learning C++ in a week", "Learning C# in a week"),
    "same title, weeks later, other lede": pair_of(
        "Morning Briefing", "Morning Briefing", TIDE, "The council votes on the tram.", 24 * 21
    ),
    "roles exchanged": pair_of(
        "Pellmore beats Dunhaven to win hockey final",
        "Dunhaven beats Pellmore to win hockey final",
        WIN.format("Pellmore", "Dunhaven", "two"),
        WIN.format("Dunhaven", "Pellmore", "three"),
        24 * 7,
    ),
    "roles exchanged within the hour": pair_of(
        "Pellmore beats Dunhaven in hockey final", "Dunhaven beats Pellmore in hockey final"
    ),
    "no field in common": [{"id": "1", "title": "Herring"}, {"id": "2", "lede": "Herring"}],
}


@pytest.mark.parametrize("strip", [list, bare], ids=["dated", "plain"])
@pytest.mark.parametrize("stories", TWINS.values(), ids=TWINS)
def test_one_story_told_twice(stories, strip):
    assert partition(run_of(strip(stories))) == {frozenset("12")}


@pytest.mark.parametrize("strip", [list, bare], ids=["dated", "plain"])
@pytest.mark.parametrize("stories", STRANGERS.values(), ids=STRANGERS)
def test_two_stories(stories, strip):
    assert partition(run_of(strip(stories))) == {frozenset("1"), frozenset("2")}


def test_a_long_equal_lede_under_another_headline_is_one_story():
    stories = pair_of("Tide strands pilot boat", "Pilot boat stranded on wall", TIDE, TIDE)
    assert partition(run_of(stories)) == {frozenset("12")}


def test_a_generic_title_is_no_story_by_itself():
    ledes = ("The council votes on the tram.", TIDE)
    other = [story(n, "Letters to the editor", lede, "Ledger", n) for n, lede in enumerate(ledes)]
    assert len(run_of(other).clustering) == 2
    outlets = [story(n, "Morning briefing", "", s, 0) for n, s in enumerate(("Ledger", "Wire"))]
    assert len(run_of(outlets).clustering) == 2


def test_pages_that_were_not_there_are_no_story():
    pages = [
        {"id": str(n), "title": title}
        for n, title in enumerate(["[Removed]"] * 3 + ["404 Not Found"] * 3)
    ]
    assert len(run_of(pages).clustering) == 6


@FEW
@given(CORPORA, st.randoms(use_true_random=False), LINKAGES)
def test_the_order_of_the_input_changes_no_cluster(stories, chance, linkage):
    shuffled = chance.sample(stories, len(stories))
    left, right = run_of(stories, linkage=linkage), run_of(shuffled, linkage=linkage)
    assert partition(left) == partition(right)
    assert sorted(left.clustering.keys) == sorted(right.clustering.keys)
    canonical = [
        {result.corpus.ids[cluster.canonical] for cluster in result.clustering}
        for result in (left, right)
    ]
    assert canonical[0] == canonical[1]


@FEW
@given(CORPORA)
def test_the_order_of_keys_in_a_record_changes_no_cluster(stories):
    turned = [dict(reversed(record.items())) for record in stories]
    # The digest of a record's bytes decides ties: who is canonical may change, and nothing else.
    assert partition(run_of(stories)) == partition(run_of(turned))


@FEW
@given(CORPORA, st.integers(1, 5))
def test_the_size_of_batches_changes_nothing(stories, size):
    pieces = [stories[i : i + size] for i in range(0, len(stories), size)]
    batches = [batch for piece in pieces for batch in read_bytes(lines(piece))]
    assert len(batches) == len(pieces)
    whole, parts = run_of(stories).clustering, run(batches, Settings()).clustering
    assert bits((whole.canonical, whole.scores)) == bits((parts.canonical, parts.scores))
    assert list(whole.reasons) == list(parts.reasons)


@settings(max_examples=15)
@given(CORPORA, st.integers(1, 4), st.integers(1, 3))
def test_jobs_and_the_size_of_chunks_change_nothing(stories, size, jobs):
    whole = run_of(stories, jobs=1).clustering
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "CHUNK", size)
        patch.setattr(matching, "RECORDS_AT_ONCE", size)
        parts = run_of(stories, jobs=jobs).clustering
    assert bits((whole.canonical, whole.scores)) == bits((parts.canonical, parts.scores))
    assert list(whole.reasons) == list(parts.reasons)


@needs_kernel
@settings(max_examples=8)
@given(CORPORA, LINKAGES)
def test_the_kernel_and_its_twins_give_the_same_clusters(stories, linkage):
    pure, plain, wide = three_ways(lambda: run_of(stories, linkage=linkage).clustering)
    for found in (plain, wide):
        assert bits((pure.canonical, pure.scores)) == bits((found.canonical, found.scores))
        assert list(pure.reasons) == list(found.reasons)


@FEW
@given(CORPORA, LINKAGES)
def test_every_record_is_in_one_cluster_and_its_canonical_leads_it(stories, linkage):
    clustering = run_of(stories, linkage=linkage).clustering
    members = [position for cluster in clustering for position in cluster.members]
    assert sorted(members) == list(range(len(stories)))
    for cluster in clustering:
        held = list(cluster.members)
        assert cluster.canonical in cluster.members
        assert (clustering.canonical[held] == cluster.canonical).all()
        assert (clustering.sizes[held] == len(held)).all()
        assert cluster.id == clustering.keys[cluster.canonical]
        assert [clustering.reasons[i] == "canonical" for i in held] == [
            i == cluster.canonical for i in held
        ]


@FEW
@given(CORPORA, st.sampled_from((0.1, 0.5, 0.95)))
def test_pairs_reach_the_threshold_and_stand_once(stories, threshold):
    pairs = run_of(stories, threshold=threshold).pairs
    assert (pairs.left < pairs.right).all()
    assert (pairs.scores >= threshold).all()
    assert (pairs.scores <= 1).all()
    assert len(set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))) == len(pairs)


@FEW
@given(CORPORA)
def test_under_leader_linkage_every_member_matches_its_canonical(stories):
    result = run_of(stories, linkage="leader")
    kinds = preprocess.preprocess(result.corpus, 1, 1, lambda _: None).ids
    pairs = {*zip(result.pairs.left.tolist(), result.pairs.right.tolist(), strict=True)}
    for member, leader in enumerate(result.clustering.canonical.tolist()):
        low, high = sorted((member, leader))
        # A copy matches the record that stands for its exact group, and shares that one's leader.
        others = np.flatnonzero(kinds == kinds[member]).tolist()
        beside = {tuple(sorted((other, leader))) for other in others}
        assert low == high or (low, high) in pairs or beside & pairs


@FEW
@given(CORPORA, LINKAGES, st.sampled_from((0, 3600, 86400)))
def test_no_cluster_outlasts_the_window(stories, linkage, window):
    result = run_of(stories, linkage=linkage, window=window)
    times = result.corpus.times
    led = times[result.clustering.canonical]
    dated = (times != NO_TIME) & (led != NO_TIME)
    assert (np.abs(times - led)[dated] <= window).all()


@pytest.mark.parametrize("prefer", [(), ("longest",), ("source:Tidewater Post",)], ids=str)
def test_an_undated_record_does_not_bridge_the_window(prefer):
    title = "Zellwick Quarries to close its Arden plant in June"
    stories = [
        story(1, title, "", "Northern Wire", 0),
        story(2, f"{title}, all 410 workers told", "", "Tidewater Post", None),
        story(3, title, "", "Evening Ledger", 8 * 24),
    ]
    result = run_of(stories, window=2 * 86400, prefer=prefer)
    canonical = result.clustering.canonical.tolist()
    assert canonical[0] == 0
    assert canonical[2] == 2
    assert canonical[1] in (0, 2)


AGREE = "Zellwick Quarries to close its Arden plant"
LEDE = "The quarry firm said on Tuesday that all of its {} workers would be offered other posts."


def fields_of(**weights: float) -> tuple[Field, ...]:
    return tuple(Field((name,), weight) for name, weight in weights.items())


@pytest.mark.parametrize("turn", [list, lambda fields: list(reversed(fields))], ids=["", "turned"])
def test_the_weightier_field_decides(turn):
    titles_agree = [
        {"id": "1", "title": AGREE, "lede": "Herring are back in the bay after nine years away."},
        {"id": "2", "title": AGREE, "lede": "The council votes on Thursday on a second tram line."},
    ]
    ledes_agree = [
        {"id": "1", "title": "Herring return to Tasker Bay", "lede": LEDE.format(410)},
        {"id": "2", "title": "Council votes on second tram line", "lede": LEDE.format(410)},
    ]
    title_first = tuple(turn(fields_of(title=100, lede=1)))
    lede_first = tuple(turn(fields_of(title=1, lede=100)))
    for stories, joining, parting in (
        (titles_agree, title_first, lede_first),
        (ledes_agree, lede_first, title_first),
    ):
        data = lines(stories)
        found = {
            fields: len(run(read_bytes(data, field=fields), Settings(field=fields)).clustering)
            for fields in (joining, parting)
        }
        assert found == {joining: 1, parting: 2}


def test_the_order_of_equal_weights_is_that_of_the_flags_and_of_others_not():
    stories = [
        {"id": str(n), "title": f"{AGREE} {n}", "lede": LEDE.format(400 + n)} for n in range(4)
    ]
    one, other = fields_of(title=2, lede=1), fields_of(lede=1, title=2)
    scores = [
        run(read_bytes(lines(stories), field=own), Settings(field=own, threshold=0.01)).pairs.scores
        for own in (one, other)
    ]
    assert sorted(scores[0].tolist()) == pytest.approx(sorted(scores[1].tolist()))


EIGHT = "Storm leaves 8 dead on the Marrow coast"
TEN = "Storm leaves 10 dead on the Marrow coast"
NUMBERS = {
    "numbers that conflict": (EIGHT, TEN, {"strict": 2, "weigh": 2, "ignore": 1}),
    "spelled out": (
        EIGHT,
        EIGHT.replace("8", "eight"),
        dict.fromkeys(("strict", "weigh", "ignore"), 1),
    ),
    "another story": (EIGHT, f"{HERRING}, 8 years late", dict.fromkeys(("strict", "ignore"), 2)),
    "nothing but numbers": ("2026", "2027", dict.fromkeys(("strict", "weigh", "ignore"), 2)),
}


@pytest.mark.parametrize(("left", "right", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_what_numbers_do(left: str, right: str, expected: dict[str, int]):
    found = {n: len(run_of(pair_of(left, right), numbers=n).clustering) for n in expected}
    assert found == expected


@pytest.mark.parametrize(("numbers", "stories"), [("strict", 2), ("weigh", 1)])
def test_only_weighed_numbers_give_way_to_a_low_threshold(numbers: str, stories: int):
    found = run_of(pair_of(EIGHT, TEN), numbers=numbers, threshold=0.02)
    assert len(found.clustering) == stories


def test_no_records():
    result = run([], Settings())
    assert (len(result.corpus), len(result.clustering), len(result.pairs)) == (0, 0, 0)
    assert result.stats["unique"] == 0


def test_stats_count_what_was_found():
    result = run_of(shipped())
    clusters = list(result.clustering)
    assert result.stats["records"] == len(shipped())
    assert result.stats["unique"] == len(clusters)
    assert result.stats["duplicates"] == len(shipped()) - len(clusters)
    assert result.stats["clusters"] == sum(len(cluster.members) > 1 for cluster in clusters)
    assert result.stats["pairs"] == len(result.pairs)
    assert result.stats["passes"] >= 2
    assert result.stats["candidate_pairs"] >= result.stats["scored_pairs"] > 0
    assert result.stats["seconds"].keys() == {"reading", "preparing", "matching", "result"}


def test_progress_goes_from_stage_to_stage():
    told = []
    run(read_bytes(lines(shipped())), Settings(), lambda stage, share: told.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["preparing", "matching"]
    assert all(0 <= share <= 1 for _, share in told)


def test_a_cluster_keeps_its_id_when_other_stories_come():
    first, more = shipped()[:16], shipped()
    known = {c.id for c in run_of(first).clustering}
    assert known <= {c.id for c in run_of(more).clustering}


def test_a_copy_in_capitals_changes_no_text_beside_it():
    one = {"id": "1", "title": "Mayor Droste of Odlin sells the mill"}
    copy = {"id": "0", "title": one["title"].upper()}
    tokens = []
    for stories in ([one], [copy, one]):
        told = preprocess.preprocess(run_of(stories).corpus, 1, 1, lambda _: None)
        text = told.rows[0, -1]
        tokens.append(told.texts.tokens[slice(*told.texts.offsets[text : text + 2])])
        assert (told.ids == 0).all(), "one content"
    assert (tokens[0] == tokens[1]).all()


def test_the_score_of_a_pair_does_not_depend_on_what_else_is_in_the_file():
    pair = bare(pair_of("Two held after fire at Pell Point", "Fire at Pell Point: two are held"))
    others = [{"id": f"x{n}", "title": f"Item {n} of quite another kind"} for n in range(50)]
    alone, among = (
        run_of(pair, threshold=0.01).pairs,
        run_of([*pair, *others], threshold=0.01).pairs,
    )
    ends = list(zip(among.left.tolist(), among.right.tolist(), strict=True))
    assert among.scores[ends.index((0, 1))] == alone.scores[0]


SERIES = [story(n, f"Morning Briefing, part {n}", "", "", 4 * n) for n in range(1200)]


def test_a_series_is_compared_within_a_budget_and_joins_nothing():
    result = run_of(SERIES)
    assert len(result.clustering) == len(SERIES)
    assert result.stats["largest_bucket"] == len(SERIES)
    assert result.stats["cut_look_backs"] > 0
    assert result.stats["candidate_pairs"] < 20 * len(SERIES)


@pytest.mark.parametrize("end", ["...", " ...", "\u2026"])
def test_a_headline_that_breaks_off_is_kept_only_alone(end: str):
    whole = "Old lighthouse at Pell Point to stay lit for fifty more years, council says"
    broken = "Old lighthouse at Pell Point to stay lit for fifty more years" + end
    told = [story(n, text, "", "", n) for n, text in enumerate((broken, whole, broken))]
    assert run_of(told).clustering.canonical.tolist() == [1, 1, 1]
    alone = run_of([told[0], told[2]]).clustering
    assert len(set(alone.canonical.tolist())) == 1


def test_a_clean_copy_is_kept_and_not_a_noisy_one():
    told = [story(1, "Fish &amp; chips shop <b>burns</b> in Odlin", "", "", 0),
            story(2, "Fish & chips shop burns in Odlin", "", "", 1)]  # fmt: skip
    assert run_of(told).clustering.canonical.tolist() == [1, 1]
