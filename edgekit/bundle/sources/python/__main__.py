"""The self-test: `python -m NAME [VARIANT ...]`. It exits with 1 where an output is too far off."""

from __future__ import annotations

import sys

from ._model import Model, variants


def main(arguments: list[str]) -> int:
    """Test the named variants, or all of them; 0 where all of them pass."""
    known = variants()
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"A variant is one of {', '.join(known)}; received {', '.join(unknown)}.")
        return 2
    passed = True
    for variant in arguments or known:
        result = Model(variant, 1).self_test()
        for output in result.outputs:
            exact = " (every bit the same)" if output.exact else ""
            print(
                f"{'ok' if output.passed else 'FAILED'} {result.variant}, {output.name}: worst "
                f"difference {output.worst:.6g}{exact}, tolerance {output.tolerance:.6g}, "
                f"{result.num_samples} samples, {result.runtime}"
            )
        passed &= result.passed
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
