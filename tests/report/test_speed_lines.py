"""Whether files are faster than float, and which of them to take."""

from dataclasses import replace

import pytest

from edgekit.core import recipes
from edgekit.core.records import Metric, Pruning, Verified
from edgekit.report.speed_lines import better_file_lines, speed_lines
from tests.report.examples import made

FLOAT = made("float32", 400, golden="data")
STATIC, DYNAMIC = "static_wi8_ai8", "dynamic_wi8_afp32"


def ratio(value, spread=0.02):
    return Metric(
        name="latency_ratio", value=value, low=value - spread, high=value + spread, better="lower"
    )


def near(agreement=1.0, num_samples=24, sqnr_db=30.0):
    return Verified(sqnr_db=sqnr_db, agreement=agreement, num_samples=num_samples)


def advise(static, dynamic, static_time=0.5, dynamic_time=0.8, reference=FLOAT):
    files = [reference, made(STATIC, **static), made(DYNAMIC, **dynamic)]
    return better_file_lines(files, {STATIC: ratio(static_time), DYNAMIC: ratio(dynamic_time)})


def test_one_word_for_each_file_that_was_timed():
    files = [FLOAT, made("float16"), made(DYNAMIC), made(STATIC), made("static_wi8_ai16")]
    timed = {"float16": ratio(1.03), DYNAMIC: ratio(0.71), STATIC: ratio(3.6)}
    assert speed_lines(files, timed) == [
        "Against float on this machine: float16 as fast (1.03x), dynamic_wi8_afp32 faster (0.71x), "
        "static_wi8_ai8 slower (3.60x)."
    ]
    assert speed_lines(files, {}) == []


def test_a_time_that_may_be_chance_is_said_to_be():
    timed = {STATIC: ratio(0.6, spread=0.5)}
    [line] = speed_lines([FLOAT, made(STATIC)], timed)
    assert line.endswith("static_wi8_ai8 as fast (0.60x may be chance).")


def test_the_faster_of_two_good_files_is_the_better_one():
    [line, advised] = advise({"verified": near()}, {"verified": near()})
    assert line == (
        "Of static_wi8_ai8 and dynamic_wi8_afp32 the better file is static_wi8_ai8: it is faster "
        "(0.50x of float's time against 0.80x, 100 B against 100 B, agreement 1.000 against 1.000 "
        "on 24 samples)."
    )
    assert advised == (
        "Advised: static_wi8_ai8 (static int8): 0.25x of float's size, 0.50x of its time, "
        "agreement 1.000 on 24 samples."
    )


def test_of_two_equally_fast_files_the_smaller_is_the_better_one():
    [line, _] = advise(
        {"verified": near(), "size": 120}, {"verified": near(), "size": 100}, 0.80, 0.81
    )
    assert "the better file is dynamic_wi8_afp32: it is smaller and about as fast" in line


@pytest.mark.parametrize(
    ("static", "static_time", "reason"),
    [
        ({"verified": near()}, 3.6, "the other is slower than float (3.60x)"),
        (
            {"verified": near(agreement=0.875)},
            0.3,
            "the other agrees with float on 0.875 of 24 samples only",
        ),
        ({"verified": near(), "wrecked": "lost y"}, 0.3, "the other is wrecked"),
        (
            {"verified": Verified(sqnr_db=3.0, num_samples=24)},
            0.3,
            "the other is only 3.0 dB from float",
        ),
    ],
)
def test_what_has_a_fault_is_not_advised_however_fast(static, static_time, reason):
    [line, advised] = advise(static, {"verified": near()}, static_time)
    assert f"the better file is dynamic_wi8_afp32: {reason}" in line
    assert advised.startswith("Advised: dynamic_wi8_afp32 (dynamic)")


def test_one_of_few_samples_that_decides_otherwise_is_no_fault():
    [line, _] = advise({"verified": near(agreement=23 / 24)}, {"verified": near()}, 0.3)
    assert "the better file is static_wi8_ai8" in line


def test_a_decision_is_not_lost_for_a_little_time():
    [line, advised] = advise({"verified": near(0.95, 20)}, {"verified": near(1.0, 20)}, 0.42, 0.47)
    assert "the better file is dynamic_wi8_afp32: it decides more samples as float does" in line
    assert advised.startswith("Advised: dynamic_wi8_afp32")


def test_where_both_are_slower_neither_is_advised():
    [line, advised] = advise({"verified": near()}, {"verified": near()}, 3.6, 1.2)
    assert line == (
        "Of static_wi8_ai8 and dynamic_wi8_afp32 neither is advised: static_wi8_ai8 is slower than "
        "float (3.60x); dynamic_wi8_afp32 is slower than float (1.20x)."
    )
    assert advised.startswith("Advised: the float file")


def test_synthetic_samples_judge_no_agreement():
    made_up = replace(FLOAT, golden="synthetic")
    [line, _] = advise({"verified": near(0.5)}, {"verified": near()}, 0.3, reference=made_up)
    assert "the better file is static_wi8_ai8" in line
    assert "agreement" not in line


def test_nothing_is_advised_where_nothing_was_timed_or_one_kind_is_missing():
    files = [FLOAT, made(STATIC, verified=near()), made(DYNAMIC, verified=near())]
    assert better_file_lines(files, {}) == []
    [advised] = better_file_lines(files[:2], {STATIC: ratio(0.5)})
    assert advised.startswith("Advised: static_wi8_ai8")


def test_files_of_a_pruned_model_are_compared_but_not_advised():
    def pruned(name):
        return replace(
            made(name, verified=near()), recipe=replace(recipes.get(name), prune=Pruning())
        )

    files = [FLOAT, pruned(STATIC), pruned(DYNAMIC)]
    timed = {f"pruned.{STATIC}": ratio(0.5), f"pruned.{DYNAMIC}": ratio(0.8)}
    [line] = better_file_lines(files, timed)
    assert "the better file is pruned.static_wi8_ai8" in line


def test_the_best_of_several_static_files_is_compared():
    files = [
        FLOAT,
        made(STATIC, 100, verified=near()),
        made("static_wi4_ai8", 60, verified=near()),
        made(DYNAMIC, 100, verified=near()),
    ]
    timed = {STATIC: ratio(0.50), "static_wi4_ai8": ratio(0.51), DYNAMIC: ratio(0.8)}
    [line, _] = better_file_lines(files, timed)
    assert "Of static_wi4_ai8 and dynamic_wi8_afp32 the better file is static_wi4_ai8" in line
