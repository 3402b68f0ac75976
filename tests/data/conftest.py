"""Sources of samples: an `.npz`, and a module with functions."""

import sys
import textwrap

import numpy as np
import pytest


@pytest.fixture
def npz(tmp_path):
    def write(**arrays):
        np.savez(tmp_path / "data.npz", **arrays)
        return tmp_path / "data.npz"

    return write


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write `my_data.py` into the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "my_data", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text):
        sys.modules.pop("my_data", None)
        (tmp_path / "my_data.py").write_text("import numpy as np\n" + textwrap.dedent(text))

    yield write
    sys.modules.pop("my_data", None)
