"""The self-test: `python -m NAME [VARIANT ...]`. It exits with 1 where an output is too far off."""

from __future__ import annotations

import sys

from . import LABELS
from ._model import Model, OutputCheck, variants


def main(arguments: list[str]) -> int:
    """Test the named variants, or all of them; 0 where all of them pass."""
    known = variants()
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"A variant is one of {', '.join(known)}; received {', '.join(unknown)}.")
        return 2
    passed = True
    for variant in arguments or known:
        result = Model(variant, 1, LABELS).self_test()
        for output in result.outputs:
            print(
                f"{'ok' if output.passed else 'FAILED'} {result.variant}, {_told(output)}, "
                f"{result.num_samples} samples, {result.runtime}"
            )
        for problem in result.problems:
            print(f"FAILED {result.variant}: {problem}")
        passed &= result.passed
    return 0 if passed else 1


def _told(output: OutputCheck) -> str:
    """A line for the person."""
    what = output.name
    if output.columns is not None:
        what += f", columns {output.columns[0]} to {output.columns[1] - 1}"
    text = f"{what}: worst difference {output.worst:.3g} of {output.tolerance:.3g} allowed"
    text += f", root mean square {output.rms:.3g} of {output.rms_tolerance:.3g}"
    if output.agreement is not None and output.least_agreement is not None:
        text += f", agreement {output.agreement:.3g} (at least {output.least_agreement:.3g})"
    return text + (", every bit the same" if output.exact else "")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
