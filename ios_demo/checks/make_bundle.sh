#!/usr/bin/env bash
# Makes the package's generated parts anew: Sources/, Tests/DigitsTests/ and contract.json, from the
# digits model by way of `edgekit convert` (which needs TensorFlow) and `edgekit bundle`.
set -euo pipefail
demo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repository=$(dirname "$demo")
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PYTHONPATH=$repository

"$python" -m edgekit.cli.main convert "$repository/sample_models/digits/digits.keras" \
  -r float32 -r static_wi8_ai8 -o "$folder/digits"
"$python" -m edgekit.cli.main bundle "$folder"/digits/digits.{float32,static_wi8_ai8}.tflite \
  --ios "$folder/ios"
rm -rf "$demo/Sources" "$demo/Tests/DigitsTests"
cp -r "$folder/ios/Sources" "$demo/Sources"
cp -r "$folder/ios/Tests/DigitsTests" "$demo/Tests/DigitsTests"
cp "$folder/ios/contract.json" "$demo/contract.json"
