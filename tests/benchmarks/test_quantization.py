from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import quantization, watch
from benchmarks import quantization_bars as bars
from benchmarks import quantization_runs as runs
from benchmarks import quantization_tables as tables
from benchmarks.corpus import ITEMS
from benchmarks.quantization_bars import BARS, Bar, Outcome
from benchmarks.quantization_tables import Row
from edgekit.core.records import ConvertOptions
from edgekit.pipeline.convert.conversion import convert

MODEL = "resnet8_cifar10"


def outcome(method: str, **figures: float | None) -> Outcome:
    known = {"metric": 0.9, "sqnr_db": 30.0, "size_bytes": 1000, "latency_ratio": 0.5}
    # Fields of several types by keyword: a dictionary has one type of values.
    return Outcome(method=method, **{**known, **figures})


def row(*outcomes: Outcome, item: str = MODEL, **fields: object) -> Row:
    filled = {
        "metric": "top1_accuracy",
        "calibration": 200,
        "evaluation": 2000,
        "outcomes": {one.method: one for one in outcomes},
        **fields,
    }
    # As above: fields of several types.
    return Row(item=item, **filled)


FLOAT = outcome(bars.FLOAT, sqnr_db=None, latency_ratio=None)


def told(bar: Bar, *outcomes: Outcome) -> str:
    return bar.judge({one.method: one for one in outcomes})


def test_a_bar_that_is_met_says_nothing_and_one_that_is_missed_says_by_what() -> None:
    bar = Bar(method=bars.DEFAULT, quantity="sqnr_db", limit=25, stretch=27)
    assert told(bar, outcome(bars.DEFAULT, sqnr_db=26.0)) == ""
    assert told(bar, outcome(bars.DEFAULT, sqnr_db=25.0)) == ""
    assert told(bar, outcome(bars.DEFAULT, sqnr_db=24.1)) == "missed: SQNR 24.1 < 25.0 dB"
    assert told(bar, outcome(bars.DEFAULT, sqnr_db=27.0)) == "stretch reached: SQNR 27.0 dB"
    assert bar.wanted() == "SQNR >= 25 dB (27)"


def test_a_miss_is_never_rounded_away() -> None:
    bar = Bar(method=bars.DEFAULT, quantity="sqnr_db", limit=25)
    assert told(bar, outcome(bars.DEFAULT, sqnr_db=24.999)) == "missed: SQNR 24.999 < 25.000 dB"


def test_an_upper_bar_is_missed_from_above() -> None:
    bar = Bar(method=bars.REPAIRED, quantity="latency_ratio", limit=0.7, side="at_most")
    assert told(bar, outcome(bars.REPAIRED, latency_ratio=0.7)) == ""
    assert told(bar, outcome(bars.REPAIRED, latency_ratio=1.2)) == "missed: latency 1.20 > 0.70x"


def test_a_relative_bar_follows_the_other_method() -> None:
    lost = Bar(method=bars.DEFAULT, quantity="metric", limit=-0.005, of=bars.FLOAT)
    assert lost.wanted() == "metric >= float's - 0.005"
    assert told(lost, FLOAT, outcome(bars.DEFAULT, metric=0.895)) == ""
    assert told(lost, FLOAT, outcome(bars.DEFAULT, metric=0.89)) == "missed: metric 0.8900 < 0.8950"
    size = Bar(
        method=bars.DEFAULT,
        quantity="size_bytes",
        limit=1.02,
        side="at_most",
        of=bars.LITERT_STATIC,
        times=True,
    )
    peer = outcome(bars.LITERT_STATIC, size_bytes=1000)
    assert told(size, peer, outcome(bars.DEFAULT, size_bytes=1020)) == ""
    assert told(size, peer, outcome(bars.DEFAULT, size_bytes=1021)) == "missed: size 1021 > 1020 B"
    assert size.wanted() == "size <= 1.02 x LiteRT quantizer's"


def test_what_a_crashed_peer_leaves_open_is_not_judged_and_no_figure_is_a_miss() -> None:
    above = Bar(method=bars.DEFAULT, quantity="sqnr_db", limit=1.5, of=bars.TENSORFLOW)
    crashed = Outcome(method=bars.TENSORFLOW, failure="crashes (SIGSEGV)")
    assert told(above, crashed, outcome(bars.DEFAULT)) == "not judged: TensorFlow int8 has no SQNR"
    assert told(above, outcome(bars.TENSORFLOW), Outcome(method=bars.DEFAULT)) == "missed: no SQNR"
    assert told(above, outcome(bars.DEFAULT, sqnr_db=float("nan"))) == "missed: no SQNR"


def test_every_item_that_has_bars_has_figures_to_hold_against_them() -> None:
    assert set(BARS) == set(tables.SAMPLES_OF_THE_BARS) <= set(ITEMS)
    for item, wanted in BARS.items():
        made = quantization.methods_of(item)
        assert made[0] == bars.FLOAT and len(set(made)) == len(made)
        for bar in wanted:
            assert bar.method in made and (bar.of is None or bar.of in made)
            assert bar.wanted().startswith(bars.SHOWN[bar.quantity][0])
        assert len(bars.bars_of(item, bars.STATIC_METHODS)) >= 2
        assert {bar.quantity for bar in bars.bars_of(item, bars.INT4_METHODS)} == {
            "metric",
            "size_bytes",
        }
    known = {bars.FLOAT, bars.TENSORFLOW, *runs.EDGEKIT, *runs.LITERT}
    assert set(bars.HEADS) == known


def test_a_cell_holds_what_there_is_and_the_failure() -> None:
    whole = outcome(bars.DEFAULT, metric=0.8765, sqnr_db=22.64, size_bytes=95700)
    assert tables.cell(whole) == "0.8765, 22.6 dB, 95.7 kB, 0.50x"
    partly = replace(whole, left_float=(2, 30))
    assert tables.cell(partly).endswith("0.50x, 2 of 30 operators float")
    assert tables.cell(replace(whole, left_float=(0, 30))) == tables.cell(whole)
    broken = Outcome(method=bars.PLAIN, failure="a | b\n  c")
    assert tables.cell(broken) == "a / b c"
    crashed = Outcome(method=bars.TENSORFLOW, seconds=1.0, failure="crashes (SIGSEGV)")
    assert tables.cell(crashed) == "crashes (SIGSEGV)"
    assert tables.cell(None) == tables.cell(Outcome(method=bars.PLAIN)) == "-"


def cells(table: str, line: int) -> list[str]:
    return [part.strip() for part in table.splitlines()[line + 2].strip("| ").split(" | ")]


def test_a_miss_stands_in_the_cell_of_the_method_that_missed() -> None:
    one = row(
        FLOAT,
        Outcome(method=bars.TENSORFLOW, failure="crashes (SIGSEGV)"),
        outcome(bars.LITERT_STATIC),
        outcome(bars.PLAIN),
        outcome(bars.DEFAULT, sqnr_db=24.0),
    )
    table = tables.beside_peers([one], bars.STATIC_METHODS)
    heads = [part.strip() for part in table.splitlines()[0].strip("| ").split(" | ")]
    found = dict(zip(heads, cells(table, 0), strict=True))
    assert found["item (samples)"] == f"{MODEL} (2,000)"
    assert found["float"] == "0.9000, 1.0 kB"
    assert found["TensorFlow int8"] == "crashes (SIGSEGV)"
    assert found["edgekit plain"] == "0.9000, 30.0 dB, 1.0 kB, 0.50x"
    assert found["edgekit"].endswith("0.50x<br>**missed: SQNR 24.0 < 25.0 dB**")
    assert found["edgekit `--max-loss 0.01`"] == "-"
    assert found["to reach"].split("<br>")[0] == "SQNR >= 25 dB (27)"


def test_an_item_without_a_float_file_says_why_in_every_table() -> None:
    broken = row(Outcome(method=bars.FLOAT), failure="no float file: fails: corrupt")
    assert "no float file" in tables.beside_peers([broken], bars.STATIC_METHODS)
    assert "no float file" in tables.beside_plain([replace(broken, item="sww_1dconv")])
    assert "no float file" in tables.body([broken])


def test_other_items_must_not_be_hurt_by_what_is_on_by_default() -> None:
    plain = outcome(bars.PLAIN, metric=0.5, sqnr_db=30.0)
    hurt = row(FLOAT, plain, outcome(bars.DEFAULT, metric=0.6, sqnr_db=29.0), item="sww_1dconv")
    fine = row(FLOAT, plain, outcome(bars.DEFAULT, metric=0.6, sqnr_db=29.95), item="sww_1dconv")
    table = tables.beside_plain([hurt, fine])
    assert cells(table, 0)[3:] == [
        "0.5, 30.0 dB",
        "0.6, 29.0 dB",
        "**missed: SQNR 29.0 < 29.9 dB**",
    ]
    assert cells(table, 1)[-1] == "no worse"


def timed(method: str, seconds: float, peak: int, **stages: float) -> Outcome:
    return replace(outcome(method), seconds=seconds, peak_bytes=peak, stages=stages)


def test_costs_are_differences_of_runs_on_the_same_samples() -> None:
    one = row(
        timed(bars.FLOAT, 9.0, 1_200_000_000),
        timed(bars.TENSORFLOW, 60.0, 1_500_000_000, float=10.0, int8=18.0, spread=1.0),
        timed(bars.LITERT_STATIC, 3.0, 100, calibration=2.5, quantizing=0.5),
        timed(bars.PLAIN, 4.0, 300_000_000, calibrating=2.4),
        timed(bars.DEFAULT, 20.0, 900_000_000, calibrating=9.0),
        timed(bars.DEFAULT_INT4, 30.0, 2_100_000_000),
        item="imagenet_efficientnet_lite0",
    )
    assert tables.calibration_seconds(one) == (2.4, 8.0)
    assert tables.methods_seconds(one, bars.DEFAULT) == 16.0
    assert tables.peak_bytes(one) == 2_100_000_000
    assert cells(tables.costs([one]), 0) == [
        "imagenet_efficientnet_lite0 (200)",
        "2.4 s / 8.0 s",
        "0.30x",
        "2.5 s",
        "16.0 s (20 s)",
        "26.0 s (20 s)<br>**missed: seconds 26.0 > 20.0 s**",
        "2.1 GB **missed: 2.1 GB > 2.0 GB** / 1.5 GB",
    ]


def test_calibrating_too_long_is_a_miss_and_a_crashed_peer_leaves_no_ratio() -> None:
    slow = row(
        timed(bars.TENSORFLOW, 9.0, 100, float=1.0, int8=2.0),
        timed(bars.PLAIN, 9.0, 100, calibrating=0.5),
    )
    assert cells(tables.costs([slow]), 0)[2] == "0.50x<br>**missed: ratio 0.50 > 0.40x**"
    noisy = row(
        timed(bars.TENSORFLOW, 9.0, 100, float=1.0, int8=1.2, spread=0.3),
        timed(bars.PLAIN, 9.0, 100, calibrating=0.5),
    )
    assert cells(tables.costs([noisy]), 0)[2].startswith("not judged: within the noise")
    alone = row(
        Outcome(method=bars.TENSORFLOW, failure="crashes (SIGSEGV)", stages={}),
        timed(bars.PLAIN, 9.0, 100, calibrating=0.5),
    )
    assert cells(tables.costs([alone]), 0)[1:3] == ["0.5 s / -", "-"]


def test_the_note_says_where_the_samples_are_not_those_of_the_bars() -> None:
    same, other = row(FLOAT), row(FLOAT, evaluation=5000)
    assert "5,000 (there 2,000)" in tables.note_on_samples([other])
    assert "(there" not in tables.note_on_samples([same])


def test_why_a_command_failed_in_a_few_words() -> None:
    def failed(code: int | None, errors: str = "") -> str:
        cost = watch.Cost(seconds=2.0, peak_bytes=1, output="")
        return runs.reason(watch.Failed(["tool"], code, cost, errors))

    assert failed(-11) == "crashes (SIGSEGV)"
    assert failed(None) == "no answer in 2 s"
    assert failed(2, "edgekit: a\nError: No such option.\n  Hint: x") == "fails: No such option."
    assert failed(1, "Traceback\nValueError: null") == "fails: ValueError: null"
    assert failed(70, "TypeError: x\nError: this is a mistake of edgekit") == "fails: TypeError: x"
    assert failed(1) == "fails"


def test_a_step_lasts_until_the_next_and_steps_of_one_name_add_up() -> None:
    said = (
        (0.5, "edgekit: loading the model"),
        (1.5, "edgekit: calibrating on 192 samples"),
        (2.0, "a warning of somebody else"),
        (2.5, "edgekit: calibrating: choosing ranges"),
        (4.5, "edgekit: quantizing: static_wi8_ai8"),
    )
    cost = watch.Cost(seconds=7.0, peak_bytes=1, output="", said=said)
    assert runs.stages(cost) == {"loading": 1.0, "calibrating": 3.0, "quantizing": 2.5}
    assert runs.stages(replace(cost, said=())) == {}


def test_single_arrays_take_the_other_s_name_and_several_keep_theirs() -> None:
    a, b = np.zeros(1), np.ones(1)
    assert list(runs.renamed({"mine": a}, ["theirs"])) == ["theirs"]
    assert runs.renamed({"x": a, "y": b}, ["y", "x"]) == {"x": a, "y": b}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> runs.Task:
    """The digits sample, its float file in place of the Keras model."""
    folder = tmp_path_factory.mktemp("quantization")
    convert(
        digits / "digits.keras",
        output=folder,
        name="digits",
        options=ConvertOptions(recipes=("float32",)),
    )
    data = digits / "data.npz"
    with np.load(data) as arrays:
        calibration, evaluation = (
            arrays[f"{word}_x"].astype(np.float32) / 255 for word in ("calibration", "evaluation")
        )
        np.savez(folder / "calib.npz", x=calibration)
        np.savez(folder / "eval.npz", x=evaluation, y=arrays["evaluation_y"])
    return runs.Task(
        item="digits",
        model=folder / "digits.float32.tflite",
        calib=folder / "calib.npz",
        eval=folder / "eval.npz",
        metric="top1_accuracy",
        folder=folder,
    )


@pytest.mark.convert
def test_a_real_model_through_edgekit_and_the_quantizer(task: runs.Task) -> None:
    exported = runs.export(task)
    assert exported.path is not None and exported.outcome.failure == ""
    judge = runs.Judge(task, exported.path, limit=60)
    reference = judge.measure(exported)
    assert reference.metric is not None and reference.metric > 0.8
    assert reference.sqnr_db is None and reference.latency_ratio is None
    made = runs.make(task, bars.LITERT_STATIC, exported.path)
    assert made.path is not None and set(made.outcome.stages or {}) == {"calibration", "quantizing"}
    peer = judge.measure(made)
    assert peer.metric is not None and peer.metric > 0.7
    assert peer.sqnr_db is not None and 5 < peer.sqnr_db < 60
    assert peer.latency_ratio is not None and peer.latency_ratio > 0
    assert peer.size_bytes is not None and reference.size_bytes is not None
    assert peer.size_bytes < reference.size_bytes
    assert peer.left_float is not None and peer.left_float[0] == 0 < peer.left_float[1]
    count, every = runs.left_float(exported.path)
    assert count == every == peer.left_float[1]
    again = judge.measure(replace(made, path=exported.path))
    assert again.metric == reference.metric


def test_a_tool_that_fails_is_an_outcome(task: runs.Task, tmp_path: Path) -> None:
    """No model: the quantizer raises, edgekit refuses; both are told of, neither ends the run."""
    absent = replace(task, folder=tmp_path)
    peer = runs.make(absent, bars.LITERT_STATIC, tmp_path / "absent.tflite")
    assert peer.path is None and peer.outcome.failure.startswith("fails: ")
    mine = runs.make(absent, bars.DEFAULT, tmp_path / "absent.tflite")
    assert mine.path is None and mine.outcome.failure.startswith("fails: ")
    assert mine.outcome.seconds is not None and mine.outcome.size_bytes is None


def test_a_bound_that_does_not_hold_leaves_a_file_to_measure_and_its_word(
    task: runs.Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`convert --max-loss` ends with 1 then; every other code means that there is no file."""
    code = 1

    def run(command: list[str], timeout: float) -> watch.Cost:
        out = Path(command[command.index("-o") + 1])
        for recipe in ("float32", runs.STATIC):
            (out / f"m.{recipe}.tflite").write_bytes(task.model.read_bytes())
        cost = watch.Cost(seconds=timeout, peak_bytes=1, output="", said=((1.0, "edgekit: a"),))
        raise watch.Failed(command, code, cost, "Error: the loss stays above 0.01.")

    monkeypatch.setattr(watch, "run", run)
    mine = replace(task, folder=tmp_path)
    made = runs.make(mine, bars.REPAIRED, task.model)
    assert made.path == tmp_path / bars.REPAIRED / f"m.{runs.STATIC}.tflite"
    assert made.outcome.failure == "fails: the loss stays above 0.01."
    code = 2
    assert runs.make(mine, bars.REPAIRED, task.model).path is None


def test_files_of_an_earlier_run_do_not_pass_for_new_ones(task: runs.Task, tmp_path: Path) -> None:
    stale = tmp_path / bars.LITERT_STATIC / "litert_static.tflite"
    stale.parent.mkdir()
    stale.write_bytes(b"old")
    runs.make(replace(task, folder=tmp_path), bars.LITERT_STATIC, tmp_path / "absent.tflite")
    assert not stale.exists()


def test_a_file_that_does_not_run_is_an_outcome(task: runs.Task, tmp_path: Path) -> None:
    judge = runs.Judge(task, task.model, limit=5)
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"\x00" * 64)
    measured = judge.measure(runs.Made(path=broken, outcome=Outcome(method=bars.PLAIN)))
    assert "does not run: " in measured.failure
    assert measured.size_bytes == 64 and measured.metric is None


def test_an_unknown_item_and_a_missing_corpus_end_with_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        quantization.main(["--items", "nothing_such"])
    assert "invalid choice" in capsys.readouterr().err
    arguments = ["--items", MODEL, "--out", str(tmp_path), "--corpus", str(tmp_path)]
    assert quantization.main(arguments) == 2
    assert "corpus.json" in capsys.readouterr().err


def test_an_item_that_cannot_be_prepared_is_a_row_and_not_the_end(tmp_path: Path) -> None:
    """A corpus that lacks the item's files."""
    (tmp_path / "corpus.json").write_text("{}")
    out = tmp_path / "out"
    made = quantization.measure(MODEL, out, tmp_path, None)
    assert "holds the item's model" in made.failure and not made.outcomes
    kept = json.loads((out / MODEL / "measured.json").read_text())
    assert kept["failure"] == made.failure
    assert "holds the item's model" in tables.body([made])


@pytest.mark.convert
def test_the_made_up_sequences_can_be_learnt(tmp_path: Path) -> None:
    maker = Path(quantization.__file__).with_name("make_bilstm.py")
    watch.run([sys.executable, str(maker), str(tmp_path)])
    with np.load(tmp_path / "eval.npz") as data:
        x, y = data["x"], data["y"]
    assert x.shape == (1000, 24, 4) and np.bincount(y).min() > 150
    program = (
        "import sys, keras, json, numpy as np\n"
        "data = np.load(sys.argv[2])\n"
        "said = keras.saving.load_model(sys.argv[1]).predict(data['x'], verbose=0).argmax(1)\n"
        "print(json.dumps(float((said == data['y']).mean())))"
    )
    model, data_path = str(tmp_path / "bilstm.keras"), str(tmp_path / "eval.npz")
    cost = watch.run([sys.executable, "-c", program, model, data_path])
    assert json.loads(cost.output.splitlines()[-1]) > 0.95
