#!/usr/bin/env bash
# Bundles of odd contracts, in one Swift package: all of it compiles, and every string arrives.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
toolchain=$here/toolchain.sh

status=0
reason=$("$toolchain" install) || status=$?
if [ "$status" = 3 ]; then # anything else is a failure
  echo "SKIPPED contracts: $reason"
  exit 0
elif [ "$status" != 0 ]; then
  echo "FAILED contracts: the toolchain cannot be made"
  exit 1
fi
python=${PYTHON:-python3}
[ -n "${PYTHON:-}" ] || [ ! -x "$repository/.venv/bin/python" ] || python=$repository/.venv/bin/python
EDGEKIT_LITERT_FOLDER=$("$here/litert_folder.sh")
export EDGEKIT_LITERT_FOLDER
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

drawn=$(PYTHONPATH=$repository "$python" "$repository/tests/bundle/swift_contracts.py" "$folder/package")
export EDGEKIT_SWIFT_WORK=$folder/package
linker=(-Xlinker -L/litert -Xlinker -rpath -Xlinker /litert)
if ! "$toolchain" run swift run --package-path /source --scratch-path "/build/contracts" \
  "${linker[@]}" PrintStrings >"$folder/printed.txt" 2>"$folder/log"; then
  cat "$folder/printed.txt" "$folder/log" | grep -E 'error|Fatal' | cut -c 1-300 | head -n 40
  echo "FAILED contracts: $drawn"
  exit 1
fi
if ! diff "$folder/package/expected.txt" "$folder/printed.txt" >"$folder/diff"; then
  head -n 20 "$folder/diff"
  echo "FAILED contracts: strings differ"
  exit 1
fi
echo "ok contracts: $drawn compile, $(wc -l <"$folder/printed.txt") strings arrive as they are"
