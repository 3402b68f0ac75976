#!/usr/bin/env bash
# The Swift self-test: the right models pass, wrong ones fail. Digits, and two of the corpus.
# shellcheck source=../../android_demo/checks/toolchain.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../android_demo/checks/toolchain.sh"
here="$REPOSITORY/ios_demo/checks"
toolchain=$here/toolchain.sh

status=0
reason=$("$toolchain" install) || status=$?
if [ "$status" = 3 ]; then # anything else is a failure
  skipped swift_mutants "$reason"
elif [ "$status" != 0 ]; then
  failed swift_mutants "the toolchain cannot be made"
fi
EDGEKIT_LITERT_FOLDER=$("$here/litert_folder.sh")
export EDGEKIT_LITERT_FOLDER
scratch

bundles=("$REPOSITORY/ios_demo")
missing=" (SKIPPED for kws and MobileNetV1: EDGEKIT_CORPUS is unset)"
if [ -n "${EDGEKIT_CORPUS:-}" ]; then
  corpus_bundles swift_mutants kws_dscnn imagenet_mobilenetv1_025
  bundles+=("$CORPUS_BUNDLES"/*/bundle)
  missing=""
fi
"$PYTHON" "$here/mutants.py" "$SCRATCH/package" "${bundles[@]}" >"$SCRATCH/log" 2>&1 ||
  failed swift_mutants "they cannot be generated" "$SCRATCH/log"
export EDGEKIT_SWIFT_WORK=$SCRATCH/package
"$toolchain" run swift run --package-path /source --scratch-path /build/mutants \
  -Xlinker -L/litert -Xlinker -rpath -Xlinker /litert RunMutants \
  >"$SCRATCH/run.log" 2>"$SCRATCH/log" || failed swift_mutants "runs" "$SCRATCH/log"
"$PYTHON" "$REPOSITORY/checks/judge_mutants.py" <"$SCRATCH/run.log" >"$SCRATCH/told" \
  2>"$SCRATCH/log" || failed swift_mutants "right or wrong" "$SCRATCH/log"
passed swift_mutants "$(cat "$SCRATCH/told")$missing"
