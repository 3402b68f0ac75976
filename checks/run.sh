#!/usr/bin/env bash
# Runs checks, the others also after one that failed, and counts what they say.
#
#   checks/run.sh CHECK..
#
# A check prints lines that begin with `ok NAME: `, `FAILED NAME: ` or `SKIPPED NAME: `, and ends with
# something else than 0 where anything failed. One that says nothing has failed, too.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
scratch
failed=0
for check in "$@"; do
  status=0
  "$check" 2>&1 | tee "$SCRATCH/said" || status=$?
  cat "$SCRATCH/said" >>"$SCRATCH/all"
  if [ "$status" -ne 0 ]; then
    failed=1
    if ! grep -q '^FAILED ' "$SCRATCH/said"; then
      echo "FAILED $check: it ended with $status" | tee -a "$SCRATCH/all"
    fi
  elif ! grep -qE '^(ok|SKIPPED|FAILED) ' "$SCRATCH/said"; then
    failed=1
    echo "FAILED $check: it said nothing" | tee -a "$SCRATCH/all"
  elif grep -q '^FAILED ' "$SCRATCH/said"; then
    failed=1
  fi
done
count() { awk -v word="$1" '$1 == word { n++ } END { print n + 0 }' "$SCRATCH/all"; }
ok="$(count ok)" fails="$(count FAILED)" skips="$(count SKIPPED)"
echo "$ok ok, $fails FAILED, $skips SKIPPED"
exit "$failed"
