#!/usr/bin/env bash
# Prints the folder of libLiteRt.so, in the Python environment that has ai-edge-litert: that of
# PYTHON, or the repository's own, or python3.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for python in "${PYTHON:-}" "$repository/.venv/bin/python" python3; do
  [ -n "$python" ] && command -v "$python" >/dev/null || continue
  folder=$("$python" -c '
import importlib.util
spec = importlib.util.find_spec("ai_edge_litert")
print(spec.submodule_search_locations[0] if spec else "")' 2>/dev/null) || continue
  if [ -e "$folder/libLiteRt.so" ]; then
    echo "$folder"
    exit 0
  fi
done
echo "no Python with ai-edge-litert; set PYTHON" >&2
exit 1
