"""Call functions of a file of cases, in a process that imports TensorFlow once.

`python cases_worker.py CASES.py` speaks the line protocol of `edgekit.core.process`:
`{"case": name, ...}` calls that function with the rest and answers what it returns. A file may
have a function `afterwards`, which is called after each, and `STRICT = True`, which makes warnings
of its users errors.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from edgekit.core.errors import EdgekitError


def _nothing() -> None:
    """What most files do after a case."""


def main() -> None:
    """Serve until standard input closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    path = Path(sys.argv[1])
    sys.path.insert(0, str(path.parent))  # for makers of models beside it
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    if getattr(cases, "STRICT", False):
        warnings.simplefilter("error", UserWarning)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        try:
            case = getattr(cases, request.pop("case"))
            payload: dict[str, Any] = {"result": {"value": case(**request)}}
        except EdgekitError as error:
            payload = {"error": error.to_dict()}
        except Exception:
            payload = {"result": {"internal_error": traceback.format_exc()}}
        answers.write(json.dumps(payload) + "\n")
        answers.flush()
        getattr(cases, "afterwards", _nothing)()


if __name__ == "__main__":
    main()
