"""What a C header declares: one line for each function, handle, structure, number and enumerator.

Enough of C for LiteRT's headers and for what stands in for them. Handles are read through
LITERT_DEFINE_HANDLE, which makes the same pointer that a stand-in writes out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_ENUM = re.compile(r"typedef enum\s*\w*\s*\{([^}]*)\}\s*(\w+);")
_STRUCT = re.compile(r"typedef struct\s*\{([^}]*)\}\s*(\w+);")
_HANDLE = re.compile(r"typedef struct (\w+)T\s*\*\s*\1;|LITERT_DEFINE_HANDLE(?:_STRUCT)?\((\w+)\);")
_ALIAS = re.compile(r"typedef (int|size_t) (\w+);")
_FUNCTION = re.compile(
    r"(?<=[;}\n])\s*((?:LiteRtStatus|void|const char\s*\*)\s+LiteRt\w+\([^;{]*\));"
)


def declarations(source: str) -> list[str]:
    """The declarations of a header, in the order of their names.

    Args:
        source: The header.

    Returns:
        Lines as `void LiteRtDestroyModel(LiteRtModel model)`, `handle LiteRtModel`,
        `struct LiteRtLayout { ... }` and `enum LiteRtStatus: kLiteRtStatusOk = 0`.
    """
    text = _COMMENT.sub(" ", source)
    ranks = re.search(r"#define LITERT_TENSOR_MAX_RANK (\d+)", text)
    text = re.sub(r"^#.*$", ";", text, flags=re.MULTILINE)
    found = [f"handle {one or other}" for one, other in _HANDLE.findall(text)]
    found += [f"alias {name} = {kind}" for kind, name in _ALIAS.findall(text)]
    for body, name in _ENUM.findall(text):
        values = (_spaced(item) for item in re.split(r"[,;]", body))
        found += [f"enum {name}: {value}" for value in values if value]
    for body, name in _STRUCT.findall(text):
        fields = body.replace("LITERT_TENSOR_MAX_RANK", ranks[1] if ranks else "")
        found.append(f"struct {name} {{ {_spaced(fields)} }}")
    found += [_spaced(function) for function in _FUNCTION.findall(text)]
    return sorted(found)


def _spaced(text: str) -> str:
    """On one line, with single blanks, and stars beside the types."""
    text = re.sub(r"\s+", " ", text.strip())
    text = re.sub(r" ?(\*+) ?(?=\w)", r"\1 ", text)
    return re.sub(r"\( ?\* (\w+)", r"(*\1", text).replace("( ", "(")


if __name__ == "__main__":
    files = [Path(name).read_text(encoding="utf-8") for name in sys.argv[1:]]
    print("\n".join(sorted({line for source in files for line in declarations(source)})))
