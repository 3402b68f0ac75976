"""What quantization is to reach, as data, and whether it did. Nothing is measured here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

FLOAT = "float32"
TENSORFLOW = "tensorflow"
LITERT_STATIC = "litert_static"
PLAIN = "plain"
DEFAULT = "default"
REPAIRED = "repaired"
LITERT_INT4 = "litert_int4"
DEFAULT_INT4 = "default_int4"
STATIC_INT4 = "static_int4"
DYNAMIC_INT4 = "dynamic_int4"
WITHIN_410_KB = "within_410_kb"
DYNAMIC = "dynamic"
INTEGERS = "integers"

HEADS = {
    FLOAT: "float",
    TENSORFLOW: "TensorFlow int8",
    LITERT_STATIC: "LiteRT quantizer",
    PLAIN: "edgekit plain",
    DEFAULT: "edgekit",
    REPAIRED: "edgekit `--max-loss 0.01`",
    LITERT_INT4: "LiteRT quantizer",
    DEFAULT_INT4: "edgekit",
    STATIC_INT4: "edgekit `static_wi4_ai8`",
    DYNAMIC_INT4: "edgekit `dynamic_wi4_afp32`",
    WITHIN_410_KB: "edgekit `--to-bytes 410kB`",
    DYNAMIC: "edgekit `dynamic_wi8_afp32`",
    INTEGERS: "edgekit `--for npu`, all integers",
}
STATIC_METHODS = (FLOAT, TENSORFLOW, LITERT_STATIC, PLAIN, DEFAULT, REPAIRED)
INT4_METHODS = (FLOAT, LITERT_INT4, DEFAULT_INT4)
FAST_INT4_METHODS = (STATIC_INT4, DYNAMIC_INT4, WITHIN_410_KB)
ATTENTION_METHODS = (FLOAT, INTEGERS, DEFAULT, DYNAMIC)

Quantity = Literal["metric", "sqnr_db", "size_bytes", "latency_ratio"]
# Shown as: words, digits after the point, unit.
SHOWN: dict[str, tuple[str, int, str]] = {
    "metric": ("metric", 4, ""),
    "sqnr_db": ("SQNR", 1, " dB"),
    "size_bytes": ("size", 0, " B"),
    "latency_ratio": ("latency", 2, "x"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One file by one method, measured; None where there is no figure.

    `left_float` is how many operators of how many compute floats, in static files; `stages`
    the seconds of each step that the tool told of; `failure` says why there is no file, or
    what the tool itself said of one that it is not content with.
    """

    method: str
    metric: float | None = None
    sqnr_db: float | None = None
    size_bytes: int | None = None
    latency_ratio: float | None = None
    seconds: float | None = None
    peak_bytes: int | None = None
    left_float: tuple[int, int] | None = None
    stages: dict[str, float] | None = None
    failure: str = ""

    def value(self, quantity: str) -> float | None:
        """A figure by its name; None where there is none, or where it is not a number."""
        found: float | None = getattr(self, quantity)
        return None if found is None or math.isnan(found) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What one quantity of one method is to reach.

    The limit is `limit`; with `of` it is relative to the same quantity of that method:
    that value plus `limit`, or, with `times`, that value multiplied by it.
    """

    method: str
    quantity: Quantity
    limit: float
    side: Literal["at_least", "at_most"] = "at_least"
    stretch: float | None = None
    of: str | None = None
    times: bool = False

    def wanted(self) -> str:
        """The bar in words, as `SQNR >= 25 dB (27)`."""
        word, _, unit = SHOWN[self.quantity]
        sign = ">=" if self.side == "at_least" else "<="
        if self.of is not None:
            who = f"{HEADS[self.of]}'s" if self.of != PLAIN else "plain's"
            if self.times:
                return f"{word} {sign} {self.limit:g} x {who}"
            if not self.limit:
                return f"{word} {sign} {who}"
            return f"{word} {sign} {who} {'+' if self.limit > 0 else '-'} {abs(self.limit):g}{unit}"
        stretch = "" if self.stretch is None else f" ({self.stretch:g})"
        return f"{word} {sign} {self.limit:g}{unit}{stretch}"

    def judge(self, outcomes: Mapping[str, Outcome]) -> str:
        """What to print beside the figure: nothing where the bar is met and no more.

        Returns:
            `missed: SQNR 24.1 < 25.0 dB`, `not judged: ...`, `stretch reached: ...` or "".
        """
        word, digits, unit = SHOWN[self.quantity]
        value = _value(outcomes, self.method, self.quantity)
        if value is None:
            return f"missed: no {word}"
        limit = self.limit
        if self.of is not None:
            other = _value(outcomes, self.of, self.quantity)
            if other is None:
                return f"not judged: {HEADS[self.of]} has no {word}"
            limit = other * limit if self.times else other + limit
        return verdict(word, value, limit, self.side, digits, unit) or self._stretched(value)

    def _stretched(self, value: float) -> str:
        if self.stretch is None:
            return ""
        word, digits, unit = SHOWN[self.quantity]
        if verdict(word, value, self.stretch, self.side, digits, unit):
            return ""
        return f"stretch reached: {word} {value:.{digits}f}{unit}"


def _value(outcomes: Mapping[str, Outcome], method: str, quantity: str) -> float | None:
    found = outcomes.get(method)
    return found.value(quantity) if found else None


def verdict(
    word: str, value: float, limit: float, side: str, digits: int = 2, unit: str = ""
) -> str:
    """`missed: SQNR 24.1 < 25.0 dB`, or nothing where the limit is held.

    More digits where rounding would hide the difference.

    >>> verdict("SQNR", 24.96, 25, "at_least", 1, " dB")
    'missed: SQNR 24.96 < 25.00 dB'
    >>> verdict("SQNR", 25.0, 25, "at_least", 1, " dB")
    ''
    """
    slack = 1e-9 * max(1.0, abs(limit))  # a limit that is a sum or a product is not exact
    if (value >= limit - slack) if side == "at_least" else (value <= limit + slack):
        return ""
    while f"{value:.{digits}f}" == f"{limit:.{digits}f}" and digits < 12:
        digits += 1
    sign = "<" if side == "at_least" else ">"
    return f"missed: {word} {value:.{digits}f} {sign} {limit:.{digits}f}{unit}"


def _static(sqnr: float, *, stretch: float | None = None, of: str | None = None) -> tuple[Bar, Bar]:
    return (
        Bar(method=DEFAULT, quantity="sqnr_db", limit=sqnr, stretch=stretch, of=of),
        _same_size(DEFAULT, LITERT_STATIC, 1.02),
    )


def _int4(metric: float, stretch: float | None = None) -> tuple[Bar, Bar]:
    return (
        Bar(method=DEFAULT_INT4, quantity="metric", limit=metric, stretch=stretch),
        _same_size(DEFAULT_INT4, LITERT_INT4, 1.05),
    )


def _same_size(method: str, of: str, factor: float) -> Bar:
    return Bar(
        method=method, quantity="size_bytes", side="at_most", limit=factor, of=of, times=True
    )


def _latency(method: str, factor: float, of: str | None = None) -> Bar:
    return Bar(
        method=method,
        quantity="latency_ratio",
        side="at_most",
        limit=factor,
        of=of,
        times=of is not None,
    )


def _fast(size_bytes: float, *bars: Bar) -> tuple[Bar, ...]:
    """What a fast int4 file may have in bytes, beside its other bars."""
    method = bars[0].method
    return Bar(method=method, quantity="size_bytes", side="at_most", limit=size_bytes), *bars


def _metric(method: str, limit: float, of: str | None = None) -> Bar:
    return Bar(method=method, quantity="metric", limit=limit, of=of)


# "At most 0.5 points lost."
_LITTLE_LOST = _metric(DEFAULT, -0.005, FLOAT)

BARS: dict[str, tuple[Bar, ...]] = {
    "resnet8_cifar10": (*_static(25, stretch=27), _LITTLE_LOST, *_int4(0.865)),
    "kws_dscnn": (
        *_static(31, stretch=34),
        _LITTLE_LOST,
        *_int4(0.905),
        *_fast(29e3, _metric(STATIC_INT4, -0.01, FLOAT), _latency(STATIC_INT4, 1.05, DEFAULT)),
        *_fast(
            26.6e3, _metric(DYNAMIC_INT4, -0.01, FLOAT), _latency(DYNAMIC_INT4, 0.3, DEFAULT_INT4)
        ),
    ),
    "imagenet_mobilenetv1_025": (
        *_static(20, stretch=21.5),
        _metric(DEFAULT, 0.56),
        *_int4(0.48, 0.54),
        *_fast(320e3, _metric(STATIC_INT4, 0.52), _latency(STATIC_INT4, 1.0, DEFAULT)),
        *_fast(305e3, _metric(DYNAMIC_INT4, 0.52), _latency(DYNAMIC_INT4, 0.6, DEFAULT_INT4)),
        *_fast(410e3, _metric(WITHIN_410_KB, 0.555)),
    ),
    "imagenet_efficientnet_lite0": (
        *_static(1.5, of=TENSORFLOW),
        *_int4(0.80, 0.84),
        *_fast(2.85e6, _metric(STATIC_INT4, -0.015, FLOAT), _latency(STATIC_INT4, 1.1, DEFAULT)),
        *_fast(2.75e6, _metric(DYNAMIC_INT4, -0.01, FLOAT), _latency(DYNAMIC_INT4, 0.6)),
    ),
    "har_st_cnn1d": (
        *_static(-0.5, of=TENSORFLOW),
        _metric(DEFAULT, 0.985),
        *_int4(0.97),
    ),
    "magika_bytes_v1": (
        Bar(method=REPAIRED, quantity="metric", limit=0.99),
        Bar(method=REPAIRED, quantity="latency_ratio", side="at_most", limit=0.7),
        *_int4(0.97, 0.99),
    ),
}
# Networks with attention: static files are never slower than float, and lose half a point at most.
ATTENTION = (
    "vit_mnist",
    "vit_cct_cifar10",
    "text_transformer_sections",
    "magika_bytes_v1",
)
ATTENTION_BARS: tuple[Bar, ...] = (_LITTLE_LOST, _latency(DEFAULT, 1.0))
# For every other item: what is on by default must not hurt. A tenth of a dB is what the
# table shows.
NEVER_HURTS = Bar(method=DEFAULT, quantity="sqnr_db", limit=-0.1, of=PLAIN)

METHODS_SECONDS = {"imagenet_efficientnet_lite0": 20.0}
CALIBRATION_RATIO = 0.4
PEAK_BYTES = 2e9


def bars_of(item: str, methods: Iterable[str]) -> list[Bar]:
    """The bars of an item that are about these methods."""
    wanted = set(methods)
    return [bar for bar in BARS.get(item, ()) if bar.method in wanted]
