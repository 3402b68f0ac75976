"""Error rates of text: edits over words or characters, however a model writes."""

import numpy as np
import pytest

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure.accuracy import measure
from edgekit.verdicts import recompute

LETTERS = ("<blank>", *"abcdefghijklmnopqrstuvwxyz ")


def run(metric, output, truth, /, **said):
    spec = TensorSpec(name="out", shape=(1, *output.shape[1:]), dtype="float32", **said)
    samples = Samples(inputs={"x": np.arange(len(output))}, labels=np.asarray(truth))
    return measure(metric, {"out": output}, samples, Contract(inputs=(), outputs=(spec,)))


def ctc(*texts):
    """Scores of positions: each sign twice, with a blank behind it."""
    ids = [[i for sign in text for i in (LETTERS.index(sign),) * 2 + (0,)] for text in texts]
    length = max(map(len, ids))
    return np.eye(len(LETTERS))[[row + [0] * (length - len(row)) for row in ids]]


def test_ctc_outputs_are_read_greedily():
    output = ctc("the cat sat", "hello")
    truth = np.array(["the cat sat", "hello"])
    assert run("wer", output, truth, labels=LETTERS).value == 0
    assert run("cer", output, truth, labels=LETTERS).value == 0


def test_rates_are_edits_over_all_that_is_written():
    output = ctc("the cut sat on", "helo")
    truth = np.array(["the cat sat", "hello"])
    words = run("wer", output, truth, labels=LETTERS)
    signs = run("cer", output, truth, labels=LETTERS)
    assert words.parts == ((2, 1), (3, 1))
    assert words.value == pytest.approx(3 / 4)
    assert signs.parts == ((4, 1), (11, 5))
    assert signs.value == pytest.approx(5 / 16)
    for found in (words, signs):
        assert found.better == "lower"
        assert np.mean(found.raw) == pytest.approx(found.value)
        again = recompute.compute("ratio", np.array(found.parts), np.array([[0, 1], [1, 1]]))
        assert again[0] == pytest.approx(found.value)
    assert again[1] == pytest.approx(1 / 5)


def test_a_rate_may_be_above_one():
    found = run("wer", np.array([[1, 2, 3], [4, 5, 6]]), np.array([[7, -1], [8, -1]]))
    assert (found.value, found.low, found.high) == (3.0, 3.0, 3.0)


def test_ids_without_names_are_compared_as_they_are():
    output = np.array([[5, 6, 7, -1], [1, 2, 3, 4]])
    truth = np.array([[5, 6, 8], [1, 2, 3]])
    assert run("wer", output, truth).value == run("cer", output, truth).value == 2 / 6
    scores = np.eye(9)[np.maximum(output, 0)]
    assert run("wer", scores, truth).parts[0] == (2, 1)


def test_names_of_words_are_joined_by_spaces_and_silent_ones_vanish():
    names = ("<pad>", "<eos>", "turn", "on", "off")
    output = np.array([[2, 3, 1, 0], [2, 4, 1, 0]])
    found = run("wer", output, np.array(["turn on", "turn on"]), labels=names)
    assert found.parts == ((0, 1), (2, 2))
    ids = np.array([[2, 3, -1], [2, 3, -1]])
    assert run("wer", output, ids, labels=names) == found


@pytest.mark.parametrize(
    ("labels", "names", "words"),
    [
        (np.array(["a", "b"]), (), "need the names"),
        (np.array(["a", "b"]), LETTERS[:-1], "a name for each class"),
        (np.array(["", ""]), LETTERS, "labels with some text"),
        (np.array([["a"], ["b"]]), LETTERS, "one for each sample"),
        (np.array([0.5, 1]), LETTERS, "texts, or ids"),
        (np.array([[1, 99], [1, 2]]), LETTERS, "from 0 to 27"),
        (np.full((2, 3), np.nan), LETTERS, "must be finite"),
    ],
)
def test_texts_that_do_not_fit_are_refused(labels, names, words):
    with pytest.raises(DataError) as caught:
        run("cer", ctc("a", "b"), labels, labels=names)
    assert words in str(caught.value)


def test_outputs_that_are_no_text_are_refused():
    with pytest.raises(UsageError, match="length, classes"):
        run("wer", np.zeros((2, 3, 4, 5)), np.array(["a", "b"]), labels=LETTERS)
    with pytest.raises(UsageError, match="must be ids"):
        run("wer", np.full((2, 3), 0.5), np.array([[1], [2]]))
