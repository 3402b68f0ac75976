#!/usr/bin/env bash
# Makes Sources/, Tests/DigitsTests/ and contract.json anew, which are what `edgekit bundle --ios` writes
# of the digits model.
source "$(dirname "${BASH_SOURCE[0]}")/../../checks/steps.sh"
source "$REPOSITORY/checks/convert_digits.sh"
scratch
demo="$REPOSITORY/ios_demo"
convert_digits "$SCRATCH/converted"
edgekit bundle "$CONVERTED"/digits.{float32,static_wi8_ai8}.tflite --ios "$SCRATCH/bundle"
rm -rf "$demo/Sources" "$demo/Tests/DigitsTests"
mv "$SCRATCH/bundle/Sources" "$demo/Sources"
mv "$SCRATCH/bundle/Tests/DigitsTests" "$demo/Tests/DigitsTests"
mv "$SCRATCH/bundle/contract.json" "$demo/contract.json"
