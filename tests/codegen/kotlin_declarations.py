"""What Kotlin source declares for others: one line for each public or protected declaration.

Enough of Kotlin for interfaces: classes, constructors, functions, properties and entries of enums,
with names, types, defaults and modifiers. What is private or internal has no line, and neither has
what a function does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_MODIFIERS = (
    "public private protected internal abstract final open override data enum annotation sealed "
    "inner companion external const lateinit suspend inline operator infix vararg"
).split()
_HIDDEN = {"private", "internal"}
_KEYWORDS = "class interface object fun val var constructor init".split()
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_ANNOTATION = re.compile(r"@[\w.]+\s*")
_HEAD = re.compile(rf"((?:\b(?:{'|'.join(_MODIFIERS)})\b\s*)*)\b({'|'.join(_KEYWORDS)})\b\s*")
_OPEN, _CLOSE = "([{", ")]}"


def declarations(source: str) -> list[str]:
    """The declarations of a Kotlin file, in the order of their names.

    Args:
        source: The file.

    Returns:
        Lines as `fun CompiledModel.run(inputs: List<TensorBuffer>, signatureIndex: Int = 0): Unit`.

    Raises:
        ValueError: Something that is no declaration stands where one is expected, or a function or
            property has no written type.
    """
    text = _COMMENT.sub(lambda match: match[1] or " ", source)
    text = re.sub(r"^(package|import) .*$", "", text, flags=re.MULTILINE)
    return sorted(_body(text, ""))


def _body(text: str, owner: str, *, entries: bool = False) -> list[str]:
    """The declarations of a file or of a class's body."""
    found: list[str] = []
    place = 0
    if entries:
        listed, place = _until(text, 0, ";")
        found += [f"entry {owner}.{_item(entry)}" for entry in _split(listed)]
        place += 1
    while match := re.compile(r"[^\s;]").search(text, place):
        place = match.start()
        if annotation := _ANNOTATION.match(text, place):
            place = annotation.end()
            if text[place] == "(":
                place = _closed(text, place)
            continue
        head = _HEAD.match(text, place)
        if head is None:
            raise ValueError(f"no declaration: {text[place : place + 60]!r}")
        lines, place = _declaration(text, head, owner)
        found += lines
    return found


def _declaration(text: str, head: re.Match[str], owner: str) -> tuple[list[str], int]:
    modifiers, keyword = head[1].split(), head[2]
    place = head.end()
    said = "".join(f"{word} " for word in _MODIFIERS[1:] if word in modifiers)
    hidden = bool(_HIDDEN & set(modifiers))
    if keyword == "init":
        return [], _closed(text, place)
    if keyword in ("class", "interface", "object"):
        return _class(text, place, f"{said}{keyword}", owner)
    if keyword == "constructor":
        parameters, place = _parameters(text, place)
        place = _statement(text, place)
        return ([] if hidden else [f"{said}constructor {owner}{parameters}"]), place
    name = re.compile(r"(?:<[^>]*>\s*)?([\w.]+)").match(text, place)
    assert name is not None, text[place : place + 60]
    path, place, parameters = f"{owner}.{name[1]}".lstrip("."), name.end(), ""
    if keyword == "fun":
        parameters, place = _parameters(text, place)
    kind = ""
    if typed := re.compile(r"\s*:\s*").match(text, place):
        kind, place = _until(text, typed.end(), "={\n")
    elif keyword == "fun" and re.compile(r"\s*(\{|$|\n)").match(text, place):
        kind = "Unit"
    elif made := re.compile(r"\s*=\s*([A-Z]\w*)\(").match(text, place):
        kind = made[1]  # the value is made by its class's constructor
    place = _statement(text, place)
    if hidden:
        return [], place
    if not kind:
        raise ValueError(f"{path} has no written type")
    return [f"{said}{keyword} {path}{parameters}: {_spaced(kind)}"], place


def _class(text: str, place: int, said: str, owner: str) -> tuple[list[str], int]:
    named = re.compile(r"\w*").match(text, place)
    assert named is not None
    path, place = f"{owner}.{named[0] or 'Companion'}".lstrip("."), named.end()
    found: list[str] = []
    constructor = re.compile(r"\s*(?:@\w+\s*)*(?:(\w+\s+)?constructor\s*)?(?=\()")
    if match := constructor.match(text, place):
        end = _closed(text, match.end())
        parameters, _ = _parameters(text, match.end())
        if (match[1] or "").strip() not in _HIDDEN and "enum" not in said:
            found.append(f"constructor {path}{parameters}")
        for item in map(_item, _split(text[match.end() + 1 : end - 1])):
            held = re.match(r"(?!private|internal)((?:override )?va[lr]) (\w+): ([^=]+)", item)
            if held:
                found.append(f"{held[1]} {path}.{held[2]}: {held[3].strip()}")
        place = end
    supertypes = ""
    if after := re.compile(r"\s*:\s*").match(text, place):
        listed, place = _until(text, after.end(), "{\n")
        names = [re.sub(r"\(.*\)", "", _spaced(one)) for one in _split(listed)]
        supertypes = f" : {', '.join(names)}"
    if named[0]:
        found.insert(0, f"{said} {path}{supertypes}")
    hidden = bool(_HIDDEN & set(said.split()))
    if body := re.compile(r"\s*(?=\{)").match(text, place):
        place = _closed(text, body.end())
        if not hidden:
            found += _body(text[body.end() + 1 : place - 1], path, entries="enum" in said)
    return ([] if hidden else found), place


def _parameters(text: str, place: int) -> tuple[str, int]:
    """`(name: Type = default)`, without the words that make properties of them."""
    end = _closed(text, place)
    property_words = re.compile(r"^(?:(?:private|internal|override|val|var) )+")
    items = [property_words.sub("", _item(item)) for item in _split(text[place + 1 : end - 1])]
    return f"({', '.join(items)})", end


def _statement(text: str, place: int) -> int:
    """Where a body, or an initial value and what reads it, ends."""
    if block := re.compile(r"\s*(?=\{)").match(text, place):
        return _closed(text, block.end())
    goes_on = re.compile(r"\s*(=|:|\.|\?|\belse\b|\bget\(\)|\bset\(|\bprivate set\b|\bby\b)")
    while match := goes_on.match(text, place):
        place = match.end() - (match[1].endswith("("))
        _, place = _until(text, place, "\n", blank=True)
    return place


def _until(text: str, place: int, ends: str, *, blank: bool = False) -> tuple[str, int]:
    """What stands before one of some characters that is in no brackets, and where that is."""
    start = place
    while blank and place < len(text) and text[place].isspace():
        place += 1
    while place < len(text) and text[place] not in ends:
        if text[place] == '"':
            string = re.compile(r'"(?:[^"\\\n]|\\.)*"').match(text, place)
            assert string is not None
            place = string.end()
        else:
            place = _closed(text, place) if text[place] in _OPEN else place + 1
    return text[start:place], place


def _closed(text: str, place: int) -> int:
    """Behind the bracket that closes the one at a place."""
    assert text[place] in _OPEN, text[place : place + 60]
    depth = 0
    while True:
        if text[place] == '"':
            string = re.compile(r'"(?:[^"\\\n]|\\.)*"').match(text, place)
            assert string is not None
            place = string.end()
            continue
        depth += (text[place] in _OPEN) - (text[place] in _CLOSE)
        place += 1
        if depth == 0:
            return place


def _split(text: str) -> list[str]:
    """Parts between the commas that are in no brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in _OPEN + "<") - (character in _CLOSE + ">")
        if character == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _item(text: str) -> str:
    """One of a list, without its annotations."""
    return re.sub(r"^(?:@\w+(?:\([^)]*\))? ?)+", "", _spaced(text))


def _spaced(text: str) -> str:
    """On one line, with single blanks."""
    text = re.sub(r"\s+", " ", text.strip())
    return re.sub(r",? ?\)", ")", re.sub(r"([(<]) ", r"\1", text))


if __name__ == "__main__":
    files = [Path(name).read_text(encoding="utf-8") for name in sys.argv[1:]]
    print("\n".join(sorted(line for source in files for line in declarations(source))))
