"""What it takes to go on with a training, in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.compress.train.checkpoint import FILE, State, load_state, save_state


def test_a_damaged_or_foreign_checkpoint_is_no_checkpoint(tmp_path: Path):
    state = State(epoch=2, weights=[np.ones((2, 3))], best=[np.zeros(4)], losses=[1.0, 0.5])
    state.best_epoch, state.stopped = 1, "done"
    (tmp_path / f".{FILE}.abc.part").write_bytes(b"half")
    save_state(tmp_path, "key", state)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    got = load_state(tmp_path, "key")
    assert got is not None
    assert (got.epoch, got.best_epoch, got.losses, got.stopped) == (2, 1, [1.0, 0.5], "done")
    assert np.array_equal(got.weights[0], state.weights[0])
    assert load_state(tmp_path, "other key") is None
    whole = (tmp_path / FILE).read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"PK" + whole[2:50]):
        (tmp_path / FILE).write_bytes(damaged)
        assert load_state(tmp_path, "key") is None
    assert load_state(tmp_path / "absent", "key") is None
