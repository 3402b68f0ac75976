"""Functions that a user names as `module:function`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgekit.core.errors import DataError, EdgekitError
from edgekit.core.project import is_callable_name
from edgekit.core.suggest import nearest


def is_own_code(source: str | None) -> bool:
    """Whether a source of samples, or a metric, is a function that somebody wrote."""
    return (
        source is not None and not Path(source).expanduser().exists() and is_callable_name(source)
    )


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """What the user's own code raises becomes a DataError that names it.

    Raises:
        DataError: The block raised something other than an EdgekitError.
    """
    folder = os.getcwd()
    added = folder not in sys.path
    if added:
        sys.path.insert(0, folder)
    try:
        yield
    except EdgekitError:
        raise
    except (Exception, SystemExit) as error:
        raise DataError(
            f"{name} failed with an exception.",
            received=f"{type(error).__name__}: {error}{_place(error)}",
            hint="it is your function: call it in Python to see where it fails.",
        ) from error
    finally:
        if added and folder in sys.path:
            sys.path.remove(folder)


def _place(error: BaseException) -> str:
    """File and line of the innermost frame, the first thing that somebody looks for."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({os.path.basename(trace.tb_frame.f_code.co_filename)} line {trace.tb_lineno})"


def resolve(name: str) -> Callable[..., Any]:
    """The function called `module:function`, looked for in the working folder too.

    Raises:
        DataError: No such module or function, it is not callable, or its module fails.
    """
    module_name, _, function_name = name.partition(":")
    with blaming(f"Importing {module_name}"):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise  # the module exists and itself needs one that is missing
            raise DataError(
                f"The module of {name} could not be imported.",
                received=f"no module {error.name!r} here or in the environment",
                hint=f"run edgekit from the folder that holds {module_name.split('.')[0]}.py.",
            ) from None
    function = getattr(module, function_name, None)
    if not callable(function):
        public = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        raise DataError(
            f"{name} must name a function.",
            received=f"{module_name} has {'a value' if function is not None else 'no function'} "
            f"{function_name!r}",
            hint=nearest(function_name, public),
        )
    resolved: Callable[..., object] = function
    return resolved
