"""A pytest plugin: `edgekit gate` inside a team's own tests.

```python
def test_the_model_is_fit_to_ship(edgekit_gate):
    edgekit_gate("models/digits").check()


def test_int8_loses_little(edgekit_gate):
    gate = edgekit_gate("models/digits")
    verdict = gate.verdict("top1_accuracy", variant="static_wi8_ai8", against="float")
    assert verdict.high < 0.02
```

pytest loads this wherever edgekit is installed, so it imports nothing of edgekit but types: the
gate is imported when a test asks for it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from edgekit.core.gate_rules import (
        Against,
        GateResult,
        OnInconclusive,
        TimingOptions,
        Verdict,
    )
    from edgekit.core.records import Limits

_NAME = "edgekit gate"
_HOLDS = ("pass", "accepted")


class Gated:
    """A `GateResult` that can be checked; all that a `GateResult` has, this has too.

    Args:
        result: What the gate found.
        lenient: Whether an inconclusive verdict holds.
    """

    def __init__(self, result: GateResult, lenient: bool = False) -> None:
        self.result = result
        self._lenient = lenient

    def __getattr__(self, name: str) -> Any:
        """A field or a method of the result."""
        if name == "result":  # while being copied or unpickled: there is none yet
            raise AttributeError(name)
        return getattr(self.result, name)

    def __bool__(self) -> bool:
        """Whether the exit code would be 0, so that `assert edgekit_gate()` means something."""
        return self.result.exit_code == 0

    def __repr__(self) -> str:
        """What pytest shows of a failed `assert`: the outcome, then what does not hold."""
        bad = [one for one in self.result.verdicts if one.status not in _HOLDS]
        return f"<{_NAME} {'; '.join([_head(self.result), *_said(bad)])}>"

    def verdict(
        self,
        metric: str,
        variant: str | None = None,
        target: str | None = None,
        against: Against | None = None,
    ) -> Verdict:
        """The only verdict that is meant; fails the test where there is none, or several."""
        __tracebackhide__ = True
        from edgekit.core.errors import EdgekitError

        try:
            return self.result.verdict(metric, variant, target, against)
        except EdgekitError as error:
            pytest.fail(f"{_NAME}: {error}", pytrace=False)

    def check(
        self,
        metric: str | None = None,
        *,
        variant: str | None = None,
        target: str | None = None,
        against: Against | None = None,
    ) -> Gated:
        """Fail the test, with a sentence for each rule that does not hold.

        Without arguments the exit code decides: what an inconclusive verdict means is the gate's
        option `on_inconclusive`. With arguments those verdicts alone are asked, and all of them
        must pass or be accepted, or be inconclusive where the gate was told that this passes.

        Args:
            metric: Only verdicts on this metric; `contract` is the one on the contract.
            variant: Only those on this variant.
            target: Only those on this target.
            against: Only losses against the `float` file, or against the `baseline`.

        Returns:
            This object, so that a test can go on with it.
        """
        __tracebackhide__ = True
        asked = self.result.verdicts_on(metric, variant, target, against)
        narrowed = (metric, variant, target, against) != (None, None, None, None)
        if narrowed and not asked:
            from edgekit.core.text import printable

            known = sorted({f"{one.metric} of {one.variant}" for one in self.result.verdicts})
            pytest.fail(
                f"The gate has a verdict on {metric or 'a metric'} of {variant or 'a variant'} on "
                f"{target or 'a target'}.\n  It has: {printable(', '.join(known)) or 'none'}",
                pytrace=False,
            )
        if all(map(self._holds, asked)) if narrowed else self:
            return self
        bad = [one for one in asked if one.status not in _HOLDS]
        pytest.fail("\n  ".join([f"{_NAME} {_head(self.result)}", *_said(bad)]), pytrace=False)

    def _holds(self, one: Verdict) -> bool:
        return one.status in _HOLDS or (self._lenient and one.status == "inconclusive")


def _head(result: GateResult) -> str:
    from edgekit.report.gate_words import closing_line

    return closing_line(result)


def _said(verdicts: list[Verdict]) -> list[str]:
    from edgekit.report.gate_words import WORST_FIRST, remark

    ordered = sorted(verdicts, key=lambda one: WORST_FIRST.index(one.status))
    return [f"{one.status}: {remark(one)}" for one in ordered]


class Gate:
    """Runs gates and remembers what they found, for one session of tests.

    Args:
        root: What relative paths of projects begin at: pytest's root folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: dict[str, Gated | Exception] = {}

    def __repr__(self) -> str:
        """What pytest shows of the fixture when an `assert` fails."""
        return "<edgekit_gate>"

    def __call__(
        self,
        project: str | Path = ".",
        *,
        update_baseline: bool = False,
        accept: str | tuple[str, ...] = (),
        on_inconclusive: OnInconclusive = "exit3",
        output: Path | str | None = None,
        fresh: bool = False,
        unsafe: bool = False,
        timing: TimingOptions | None = None,
        limits: Limits | None = None,
    ) -> Gated:
        """Run `edgekit gate`, or give what the same call gave before.

        Args:
            project: A folder that holds `edgekit.toml`, or that file.
            update_baseline: As in `edgekit.gate`; so are the others.
            accept: One or several words of those in `edgekit.GateOptions`.
            on_inconclusive: See `edgekit.gate`.
            output: See there.
            fresh: See `edgekit.GateOptions`.
            unsafe: See there.
            timing: See there.
            limits: See `edgekit.gate`.

        Returns:
            The result, with `check()`. A project that cannot be judged at all fails the test with
            the reason and the next step.
        """
        __tracebackhide__ = True
        from edgekit.core.errors import EdgekitError
        from edgekit.core.gate_rules import GateOptions, TimingOptions
        from edgekit.pipeline.gate.gate import gate

        try:
            options = GateOptions(
                fresh=fresh,
                unsafe=unsafe,
                timing=timing or TimingOptions(),
                accept=(accept,) if isinstance(accept, str) else tuple(accept),
            )
        except EdgekitError as error:
            pytest.fail(f"{_NAME}: {error}", pytrace=False)
        run = partial(
            gate,
            (self._root / project).absolute(),
            update_baseline=update_baseline,
            on_inconclusive=on_inconclusive,
            output=output,
            options=options,
            limits=limits,
        )
        key = repr((run.args, run.keywords))
        if key not in self._found:
            try:
                self._found[key] = Gated(run(), on_inconclusive == "pass")
            except EdgekitError as error:
                self._found[key] = error  # another test need not wait for it again
        found = self._found[key]
        if isinstance(found, Gated):
            return found
        pytest.fail(f"{_NAME}: {found}", pytrace=False)


@pytest.fixture(scope="session")
def edgekit_gate(request: pytest.FixtureRequest) -> Gate:
    """Run `edgekit gate` once in a session: `edgekit_gate("models/digits").check()`.

    Paths are relative to pytest's root folder.
    """
    return Gate(request.config.rootpath)
