"""No six lines stand twice: what is written once is changed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.house.source import Module, modules

_LINES = 6
# Lines of these characters alone close or open what other lines say.
_BRACKETS = set("()[]{},:")
_PASSED_OVER = ("#", "import ", "from ", "@", '"""', "...")


def test_no_six_lines_stand_twice():
    places = defaultdict(list)
    for module in modules():
        for number, lines in _windows(module):
            places[lines].append(f"{module.path}:{number}")
    repeated = {tuple(where): lines[0] for lines, where in places.items() if len(where) > 1}
    assert repeated == {}


def _windows(module: Module) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each run of six lines that say something, with the number of its first."""
    signatures = _signatures(module)
    said = [
        (number, line.strip())
        for number, line in enumerate(module.text.splitlines(), 1)
        if number not in signatures and _says_something(line.strip())
    ]
    for start in range(len(said) - _LINES + 1):
        part = said[start : start + _LINES]
        yield part[0][0], tuple(line for _, line in part)


def _signatures(module: Module) -> set[int]:
    """Lines of functions' parameters: who does what a protocol says repeats its words."""
    return {
        number for node in module.functions() for number in range(node.lineno, node.body[0].lineno)
    }


def _says_something(line: str) -> bool:
    return bool(line) and not line.startswith(_PASSED_OVER) and not set(line) <= _BRACKETS
