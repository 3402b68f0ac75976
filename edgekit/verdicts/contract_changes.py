"""What of a contract is not as it was, key by key, with the old and the new value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace

from edgekit.core.baseline_record import Change
from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, TensorSpec

# Scales change whenever a model is trained again, and apps read them from the file; a name is told
# by itself.
_NOT_COMPARED = {"name", "scale", "zero_point", "quantized_dimension", "preprocessing"}
_NONE = "none"
# Lists of so many numbers are shown whole; of others what differs, and so many of that.
_MOST_NUMBERS = 6
_MOST_SHOWN = 4

Pairs = list[tuple[TensorSpec | None, TensorSpec | None]]


def changes(old: Contract, new: Contract) -> tuple[Change, ...]:
    """What a host must do otherwise than before to feed and read a file.

    Args:
        old: The contract of the baseline.
        new: That of the file which is judged.

    Returns:
        A change for each key that differs, inputs first; empty where none does.
    """
    return (
        *_side("input", old.inputs, new.inputs),
        *_side("output", old.outputs, new.outputs),
        *_state(old, new),
    )


def _state(old: Contract, new: Contract) -> Iterator[Change]:
    """Whether the host has to care for what the file keeps; its variables' names are nobody's."""
    if bool(old.kept_state) != bool(new.kept_state):
        kept, keeps = (", ".join(one.kept_state) or _NONE for one in (old, new))
        yield Change(place="file", key="kept_state", old=kept, new=keeps)


def merged(by_variant: Mapping[str, Sequence[Change]]) -> tuple[Change, ...]:
    """Changes of several variants, each once; what is not of all names those that it is of."""
    variants: dict[Change, list[str]] = {}
    for variant, found in by_variant.items():
        for change in found:
            variants.setdefault(change, []).append(variant)
    return tuple(
        change if len(names) == len(by_variant) else replace(change, variants=tuple(names))
        for change, names in variants.items()
    )


def is_another_model(old: Contract, new: Contract) -> bool:
    """Whether no input and no output has kept its name and shape: nothing can be compared."""
    kept = {(s.name, s.shape) for s in (*old.inputs, *old.outputs)}
    return not kept & {(s.name, s.shape) for s in (*new.inputs, *new.outputs)}


def paired(old: Sequence[TensorSpec], new: Sequence[TensorSpec]) -> Pairs:
    """Old and new tensors that are the same one: by name, then by shape for those that are left.

    Those in whose place there is none stand beside None.
    """
    by_name = {spec.name: spec for spec in new}
    names = {spec.name for spec in old}
    left = [spec for spec in new if spec.name not in names]
    pairs: Pairs = []
    for spec in old:
        other = by_name.get(spec.name)
        if other is None:
            other = next((one for one in left if one.shape == spec.shape), None)
            if other is not None:
                left.remove(other)
        pairs.append((spec, other))
    return [*pairs, *((None, spec) for spec in left)]


def _side(what: str, old: Sequence[TensorSpec], new: Sequence[TensorSpec]) -> Iterator[Change]:
    pairs = paired(old, new)
    for before, after in pairs:
        if before is None or after is None:
            spec = before or after
            assert spec is not None
            there = _spelled(spec)
            values = (there, _NONE) if before else (_NONE, there)
            yield Change(place=f"{what} {spec.name}", key="tensor", old=values[0], new=values[1])
        else:
            yield from _tensor(what, before, after)
    kept = [(before.name, after.name) for before, after in pairs if before and after]
    order = [spec.name for spec in new if spec.name in {name for _, name in kept}]
    if order != [name for _, name in kept]:
        was, now = ", ".join(name for name, _ in kept), ", ".join(order)
        yield Change(place=f"{what}s", key="order", old=was, new=now)


def _tensor(what: str, old: TensorSpec, new: TensorSpec) -> Iterator[Change]:
    place = f"{what} {old.name}"
    if old.name != new.name:
        yield Change(place=place, key="name", old=old.name, new=new.name)
    was, now = (_keys(spec, what == "input") for spec in (old, new))
    for key, value in was.items():
        if _plain(value) != _plain(now[key]):
            of = "order of " if _is_reordered(value, now[key]) else ""
            before, after = _texts(value, now[key])
            yield Change(place=place, key=f"{of}{key}", old=before, new=after)


def _keys(spec: TensorSpec, is_input: bool) -> dict[str, object]:
    """The values by key; what stands in `[input.NAME]` of `edgekit.toml` is preprocessing."""
    own = {f.name: getattr(spec, f.name) for f in fields(spec) if f.name not in _NOT_COMPARED}
    rules = spec.preprocessing
    return own | {f.name: getattr(rules, f.name) for f in fields(rules)} if is_input else own


def _plain(value: object) -> object:
    """One number for all channels is the same as that number for each."""
    if isinstance(value, tuple) and value and isinstance(value[0], float) and len(set(value)) == 1:
        return value[0]
    return value


def _is_reordered(old: object, new: object) -> bool:
    if not isinstance(old, tuple) or not isinstance(new, tuple) or not old:
        return False
    return isinstance(old[0], str) and sorted(old) == sorted(new)


def _texts(old: object, new: object) -> tuple[str, str]:
    """Both values for people; of long lists what differs."""
    if not isinstance(old, tuple) or not isinstance(new, tuple) or not old or not new:
        return _text(old), _text(new)
    if max(len(old), len(new)) <= _MOST_NUMBERS and not isinstance(old[0], str):
        return _text(old), _text(new)
    if len(old) == len(new):
        places = [i for i, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
        return _numbered(old, places), _numbered(new, places)
    most = min(len(old), len(new))
    first = next((i for i in range(most) if old[i] != new[i]), most)
    last = next((i for i in range(most - first) if old[-1 - i] != new[-1 - i]), most - first)
    return _counted(old, first, last), _counted(new, first, last)


def _text(value: object) -> str:
    value = _plain(value)
    if value is None or value == ():
        return _NONE
    if isinstance(value, Columns):
        return f"{value.kind} [{value.start}, {value.stop}]"
    if isinstance(value, tuple):
        shown = ", ".join(map(_text, value[:_MOST_NUMBERS]))
        shown += ", ..." * (len(value) > _MOST_NUMBERS)
        return f"{len(value):,}: {shown}" if isinstance(value[0], str) else f"[{shown}]"
    return f"{value:g}" if isinstance(value, float) else str(value) or "''"


def _numbered(values: Sequence[object], places: Sequence[int]) -> str:
    """`3 three, 7 seven`: those of these places."""
    shown = ", ".join(f"{i} {_text(values[i])}" for i in places[:_MOST_SHOWN])
    more = len(places) - _MOST_SHOWN
    return shown + (f" and {more:,} more" if more > 0 else "")


def _counted(values: Sequence[object], first: int, last: int) -> str:
    """`11 with 0 background`: how many, and those that the other list has not."""
    places = range(first, len(values) - last)
    return f"{len(values):,}" + (f" with {_numbered(values, places)}" if places else "")


def _spelled(spec: TensorSpec) -> str:
    return f"{spec.dtype} {list(spec.shape)}"
