"""What `convert` says of its files: what was tried, what was kept, what is no good."""

from dataclasses import replace

from edgekit.core.records import (
    Budget,
    BudgetPoint,
    Candidate,
    Kept,
    Metric,
    Repair,
    Skipped,
    Verified,
)
from edgekit.report import conversion_lines
from tests.report.examples import KEPT, made

FLOAT = made("float32", 400)
REPAIR = Repair(
    quantity="agreement",
    limit=0.01,
    value=0.004,
    low=0.0,
    high=0.021,
    unrepaired=0.3,
    num_samples=66,
    num_operators=61,
    kept=KEPT,
    added_bytes=12_000,
    latency_to_float=0.6,
    latency_to_unrepaired=1.1,
    note="66 held-out samples are too few to be sure",
)


def test_a_repair_is_one_line():
    [line] = conversion_lines.repair_lines(
        [FLOAT, made("static_wi8_ai8", kept=KEPT, repair=REPAIR)]
    )
    assert line == (
        "static_wi8_ai8: kept 3 of 61 operators in higher precision (dense_2, dense_3 weight-only "
        "int8; layer_norm float): loss of agreement 0.004 (0.000 to 0.021) on 66 held-out samples "
        "(with nothing kept 0.300); +12.0 kB, 0.60x of float's time, 1.10x of the unrepaired "
        "file's. 66 held-out samples are too few to be sure."
    )


def test_a_bound_that_holds_at_once_is_said_too():
    held = Repair(
        quantity="sqnr_db", limit=25, at_least=True, value=31.2, unrepaired=31.2, num_samples=66,
        num_operators=61,
    )  # fmt: skip
    [line] = conversion_lines.repair_lines([made("static_wi8_ai8", repair=held)])
    assert "nothing kept, the bound holds at once: 31.2 dB on 66 held-out samples" in line


def test_what_was_chosen_is_told_beside_plain_rounding():
    tried = (
        Candidate(name="extremes, nearest", sqnr_db=22.6),
        Candidate(name="p99.99, gptq + bias correction", sqnr_db=27.1, chosen=True),
    )
    [line] = conversion_lines.candidate_lines([FLOAT, made("static_wi8_ai8", candidates=tried)])
    assert line == (
        "static_wi8_ai8: p99.99, gptq + bias correction, 27.1 dB (plain: extremes, nearest, "
        "22.6 dB)"
    )
    plain = (Candidate(name="nearest", sqnr_db=22.6, chosen=True),)
    [line] = conversion_lines.candidate_lines([made("weight_only_wi4_afp32", candidates=plain)])
    assert "(plain" not in line


def test_what_is_slower_no_smaller_or_far_from_float_is_said():
    near, far = Verified(sqnr_db=30, num_samples=8), Verified(sqnr_db=2.9, num_samples=8)
    files = [
        FLOAT,
        made("float16", 400, verified=near),
        made("dynamic_wi8_afp32", verified=near),
        made("static_wi8_ai8", verified=far),
        made("static_wi8_ai16", verified=near),
        made("weight_only_wi8_afp32", verified=near),
    ]
    slower = Metric(name="latency_ratio", value=1.81, low=1.7, high=1.9)
    unsure = Metric(name="latency_ratio", value=1.2, low=0.9, high=1.4)
    lines = conversion_lines.advice_lines(
        files, {"dynamic_wi8_afp32": slower, "weight_only_wi8_afp32": unsure}
    )
    assert [line.split(":")[0] for line in lines] == [
        "float16", "dynamic_wi8_afp32", "static_wi8_ai8", "static_wi8_ai16"
    ]  # fmt: skip
    assert "no smaller than the float file" in lines[0]
    assert "1.81x of float's time" in lines[1]
    assert "only 2.9 dB from float" in lines[2]
    assert "--max-loss" in lines[2]
    assert "NPUs" in lines[3]


def test_a_wrecked_file_gets_no_advice_on_top():
    far = made("static_wi8_ai8", verified=Verified(sqnr_db=2.9, num_samples=8), wrecked="lost y")
    assert conversion_lines.advice_lines([FLOAT, far]) == []


def test_synthetic_samples_judge_nothing():
    synthetic = replace(FLOAT, golden="synthetic")
    [line] = conversion_lines.unjudged_lines([synthetic, made("float16")])
    assert "not judged" in line
    assert conversion_lines.unjudged_lines([synthetic]) == []
    assert conversion_lines.unjudged_lines([replace(FLOAT, golden="data"), made("float16")]) == []


def test_an_accelerator_is_told_which_operators_are_floats():
    float_op = Skipped(layer="head", operator="SIN", reason="LiteRT has no int8 kernel for it")
    kept = [
        Kept(layer="scaling", operator="MUL", recipe=recipe, reason="")
        for recipe in ("float32", "float32", "static_wi8_ai16")
    ]
    mixed = made("static_wi8_ai8", skipped=(float_op,), kept=tuple(kept))
    [line] = conversion_lines.integer_lines([FLOAT, mixed], "npu")
    assert "3 operators compute in floats" in line
    assert "SIN (head), MUL (scaling) x2" in line
    [line] = conversion_lines.integer_lines([FLOAT, made("static_wi8_ai8")], "mcu")
    assert "every operator computes in integers" in line
    assert "--io int8" in line
    assert conversion_lines.integer_lines([FLOAT, mixed], "cpu") == []


def points(*sizes_and_db: tuple[int, float]) -> tuple[BudgetPoint, ...]:
    return tuple(BudgetPoint(size_bytes=size, sqnr_db=db) for size, db in sizes_and_db)


def test_a_budget_is_one_line_with_what_more_bytes_would_give():
    budget = Budget(
        to_bytes=400_000,
        size_bytes=398_624,
        latency_to_float=0.738,
        sqnr_db=18.48,
        num_samples=30,
        operators={"static_wi8_ai8": 20, "float32": 9},
        recipe_alone=BudgetPoint(size_bytes=317_600, sqnr_db=11.5, latency_to_float=1.35),
        curve=points((362_768, 15.9), (398_624, 18.48), (405_000, 18.9), (417_664, 21.5)),
    )
    [line] = conversion_lines.budget_lines([FLOAT, made("static_wi4_ai8", budget=budget)])
    assert line == (
        "static_wi4_ai8: 398,624 B in 0.74x of float's time of 400,000 B; 18.5 dB on 30 held-out "
        "samples (operators: 9 in float32, 20 in static_wi8_ai8); without a budget 317,600 B in "
        "1.35x of float's time, 11.5 dB; the next better one 417,664 B, 21.5 dB."
    )
    both = replace(budget, to_latency=0.8, curve=(), latency_to_float=None)
    [line] = conversion_lines.budget_lines([made("static_wi4_ai8", budget=both)])
    assert "398,624 B of 400,000 B and 0.8 of float's time; " in line
    assert line.endswith("1.35x of float's time, 11.5 dB.")


def test_what_was_rewritten_is_said_once_for_all_and_for_single_recipes():
    pool = {"AVERAGE_POOL_2D of a whole map as MEAN": 1}
    files = [
        made("float32", 400, rewritten=pool),
        made("static_wi8_ai8", rewritten=pool),
        made("static_wi4_ai8", rewritten={**pool, "CONV_2D of one pixel as FULLY_CONNECTED": 13}),
    ]
    assert conversion_lines.rewritten_lines(files) == [
        "Rewritten, with equal outputs: AVERAGE_POOL_2D of a whole map as MEAN (1).",
        "static_wi4_ai8: rewritten, with equal outputs: CONV_2D of one pixel as FULLY_CONNECTED "
        "(13).",
    ]
    assert conversion_lines.rewritten_lines([FLOAT]) == []


def test_within_a_budget_far_from_float_the_advice_is_a_larger_one():
    budget = Budget(
        to_bytes=90, size_bytes=90, sqnr_db=5.0, num_samples=9,
        recipe_alone=BudgetPoint(size_bytes=80, sqnr_db=4.0),
    )  # fmt: skip
    far = Verified(sqnr_db=5.0, num_samples=9)
    [line] = conversion_lines.advice_lines(
        [FLOAT, made("static_wi4_ai8", verified=far, budget=budget)]
    )
    assert "only 5.0 dB from float: a larger budget" in line
    assert "--max-loss" not in line  # which cannot be asked for beside one
