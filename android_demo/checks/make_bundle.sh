#!/usr/bin/env bash
# Makes core/ and digits/ anew, which are what `edgekit bundle --android` writes of the digits model.
source "$(dirname "${BASH_SOURCE[0]}")/../../checks/steps.sh"
source "$REPOSITORY/checks/convert_digits.sh"
scratch
demo="$REPOSITORY/android_demo"
convert_digits "$SCRATCH/converted"
edgekit bundle "$CONVERTED"/digits.{static_wi8_ai8,float32}.tflite --android "$SCRATCH/bundle"
rm -rf "$demo/core" "$demo/digits"
mv "$SCRATCH/bundle/core" "$demo/core"
mv "$SCRATCH/bundle/digits" "$demo/digits"
mv "$SCRATCH/bundle/contract.json" "$demo/digits/contract.json"
