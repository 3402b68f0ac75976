"""Names of models, tensors and variants as identifiers of a language.

Whatever a name holds, the identifier is ASCII, no reserved word, and different from that of
another name in the same scope.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Literal

Language = Literal["kotlin", "swift", "c", "python"]

_KOTLIN = """as break class continue do else false for fun if in interface is null object package
return super this throw true try typealias typeof val var when while by catch constructor delegate
dynamic field file finally get import init param property receiver set setparam value where actual
abstract annotation companion const crossinline data enum expect external final infix inline inner
internal lateinit noinline open operator out override private protected public reified sealed
suspend tailrec vararg it"""
_SWIFT = """associatedtype class deinit enum extension fileprivate func import init inout internal
let open operator private precedencegroup protocol public rethrows static struct subscript
typealias var break case catch continue default defer do else fallthrough for guard if in repeat
return throw switch where while Any as await false is nil self Self super throws true try async
actor some any Type Protocol left right get set willSet didSet mutating nonmutating optional
override lazy weak unowned final convenience dynamic indirect infix postfix prefix required none"""
_C = """auto break case char const continue default do double else enum extern float for goto if
inline int long register restrict return short signed sizeof static struct switch typedef union
unsigned void volatile while bool true false alignas alignof asm class delete new this template
namespace operator private protected public try catch throw typename using virtual friend explicit
export main errno NULL"""
_PYTHON = """False None True and as assert async await break class continue def del elif else
except finally for from global if import in is lambda nonlocal not or pass raise return try while
with yield match case type self print"""

_RESERVED: dict[Language, frozenset[str]] = {
    "kotlin": frozenset(_KOTLIN.split()),
    "swift": frozenset(_SWIFT.split()),
    "c": frozenset(_C.split()),
    "python": frozenset(_PYTHON.split()),
}


def words(name: str) -> list[str]:
    """The ASCII words of a name, lower case; accents go, other alphabets become code points.

    >>> words("StatefulPartitionedCall:0"), words("Größe"), words("数字")
    (['stateful', 'partitioned', 'call', '0'], ['grosse'], ['u6570', 'u5b57'])
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    ascii_text = "".join(
        c if c.isascii() else "" if unicodedata.combining(c) else f" u{ord(c):x} " for c in plain
    )
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", ascii_text)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", split) if word]


def pascal(name: str) -> str:
    """`static_wi8_ai8` as `StaticWi8Ai8`."""
    return _begun("".join(word[:1].upper() + word[1:] for word in words(name)), "N")


def camel(name: str) -> str:
    """`static_wi8_ai8` as `staticWi8Ai8`."""
    text = pascal(name)
    return text[:1].lower() + text[1:]


def snake(name: str) -> str:
    """`StaticWi8Ai8` as `static_wi8_ai8`."""
    return _begun("_".join(words(name)), "n")


def unique(
    names: Iterable[str], style: Callable[[str], str], language: Language, taken: Iterable[str] = ()
) -> dict[str, str]:
    """An identifier for each name, in order; different ones, and none that is reserved or taken.

    Args:
        names: Names as the model has them, each once.
        style: `pascal`, `camel` or `snake`.
        language: Whose reserved words to avoid.
        taken: Identifiers that the scope has already.
    """
    used = {*_RESERVED[language], *taken}
    found: dict[str, str] = {}
    for name in names:
        identifier, number = style(name), 2
        if identifier in used:
            identifier += "Value" if style is not snake else "_value"
        stem = identifier
        while identifier in used:
            identifier = f"{stem}{number}" if style is not snake else f"{stem}_{number}"
            number += 1
        used.add(identifier)
        found[name] = identifier
    return found


def _begun(text: str, letter: str) -> str:
    """An identifier begins with a letter."""
    return text if text[:1].isalpha() else f"{letter}{text}"
