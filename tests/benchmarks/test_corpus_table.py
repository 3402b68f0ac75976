from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import corpus_table
from benchmarks.corpus import ITEMS, Prepared, prepare
from benchmarks.corpus_table import CORES, HEADS, METRICS, REASONS, Row
from edgekit.core.records import ConvertOptions
from edgekit.pipeline.convert.conversion import convert
from edgekit.pipeline.validate import validate

FLOAT = ConvertOptions(recipes=("float32",), force=True)


def test_a_row_has_a_cell_for_each_head_and_a_dash_for_each_missing_figure() -> None:
    cells = Row(item="a", samples="3", metric="m", stated=0.5, sqnr_db=math.nan).cells()
    assert cells == ["a (3)", "m", "0.5", "-", "-", "-", "-"]
    assert len(cells) == len(HEADS)
    assert Row(item="a", failure="it failed").cells()[1] == "it failed"


def test_a_row_differs_only_in_digits_that_are_shown() -> None:
    assert not Row(item="a", stated=0.8708, reference=0.87084).differs
    assert Row(item="a", stated=0.8708, reference=0.8706).differs
    assert not Row(item="a", reference=0.5).differs  # nothing stated


def test_every_difference_gets_a_line_with_its_reason() -> None:
    notes = corpus_table.difference_notes(
        [
            Row(item="same", stated=1.0, reference=1.0),
            Row(item="basic_pitch_savedmodel", stated=1.4e-06, reference=4e-07),
            Row(item="unheard_of", stated=0.5, reference=0.4),
            Row(item="broken", stated=0.5, failure="no file"),
        ]
    )
    assert [note.partition(":")[0] for note in notes] == [
        "basic_pitch_savedmodel",
        "unheard_of",
        "broken",
    ]
    assert REASONS["basic_pitch_savedmodel"] in notes[0]
    assert "not known" in notes[1] and "no file" in notes[2]


def test_every_item_has_a_metric_that_can_be_read() -> None:
    assert {item.metric for item in ITEMS.values()} == set(METRICS)
    assert set(REASONS) <= set(ITEMS) and set(CORES) <= set(ITEMS)


@pytest.mark.corpus
@pytest.mark.convert
def test_mobilenet_scores_what_the_corpus_states_over_all_photographs(
    corpus: Path, tmp_path: Path
) -> None:
    stated = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
    known = stated["imagenet_mobilenetv1_025"]["measured"]
    prepared: Prepared = prepare("imagenet_mobilenetv1_025", tmp_path, corpus)
    (reference,) = convert(prepared.model, output=tmp_path, options=FLOAT)
    top1, sqnr, count = corpus_table.measured(Path(reference.path), prepared)
    assert top1 is not None and sqnr is not None
    assert count == known["n"]
    # Up to near ties of two photographs, which another processor's floats decide the other way.
    assert top1.value == pytest.approx(known["keras_top1"], abs=2.5 / count)
    right = [
        metric
        for data in (prepared.calib, prepared.eval)
        for found in validate([Path(reference.path)], data=str(data), metric="top5_accuracy")
        for metric in (found.metric("top5_accuracy"),)
    ]
    hits = sum(sum(metric.raw) for metric in right if metric is not None)
    assert hits / known["n"] == pytest.approx(known["keras_top5"], abs=2.5 / count)


@pytest.mark.corpus
@pytest.mark.convert
def test_the_denoiser_of_float_files_scores_what_the_corpus_states(
    corpus: Path, tmp_path: Path
) -> None:
    stated = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
    files = []
    for core in CORES:
        model = corpus / ITEMS[core].folder / ITEMS[core].model
        (made,) = convert(model, output=tmp_path, options=FLOAT)
        files.append(Path(made.path))
    value, heard = corpus_table.stream(files, corpus)
    assert heard.shape == (12, 64000) and np.isfinite(heard).all()
    # Stated to two digits; a state that is lost or swapped costs decibels.
    assert value == pytest.approx(stated[CORES[0]]["measured"]["keras"], abs=0.02)


@pytest.mark.corpus
def test_a_file_of_weights_alone_is_refused_in_one_line(corpus: Path, tmp_path: Path) -> None:
    note = corpus_table.weights_only_note(tmp_path / "out", corpus)
    assert "exits with 2, `Error: " in note and "\n" not in note
    assert not list(tmp_path.rglob("*.tflite"))
