#!/usr/bin/env bash
# Prints the Python that the checks run with, after making edgekit's environment where it is needed.
#
#   PYTHON    a Python that has edgekit's requirements is taken as it is; of any other the
#             environment is made [default: python3]
#   VENV      the environment, from the repository on [default: .venv]
set -euo pipefail
python="${PYTHON:-python3}"
case "$python" in
/*) ;;
*/*) python="$PWD/$python" ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment="${VENV:-.venv}"
case "$environment" in
/*) venv="$environment" ;;
*) venv="$PWD/$environment" ;;
esac

if ! command -v "$python" >/dev/null; then
  # Often the environment's own, named before it was made.
  if [ "$python" != "$venv/bin/python" ]; then echo "there is no $python: taking python3" >&2; fi
  python=python3
elif "$python" -c '
import importlib.util as u
raise SystemExit(not all(map(u.find_spec, ("ai_edge_litert", "tensorflow", "hypothesis"))))'; then
  command -v "$python"
  exit
fi

# A make above has its own PYTHON, VENV and options, which are not for this one.
make=(env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL
  make --no-print-directory PYTHON="$python" VENV="$environment" "$environment/.dev")
if ! "${make[@]}" --question >/dev/null 2>&1; then
  echo "making edgekit's environment in $venv, once ..." >&2
  "${make[@]}" >&2
fi
printf '%s\n' "$venv/bin/python"
