# Sourced by the demos' make_bundle.sh, after steps.sh: the digits model as the demos ship it.

# shellcheck shell=bash

# edgekit ARGUMENTS..: the command, of this repository.
edgekit() { "$PYTHON" -m edgekit.cli.main "$@"; }

# convert_digits FOLDER: sets CONVERTED to a folder with both variants' files, which are made in FOLDER
# unless it is set already.
convert_digits() {
  if [ -n "${CONVERTED:-}" ]; then return; fi
  CONVERTED="$1"
  local samples="$REPOSITORY/sample_models/digits"
  edgekit convert "$samples/digits.keras" --calibration "$samples/data.npz" \
    -r float32 -r static_wi8_ai8 -o "$CONVERTED"
}
