#!/usr/bin/env bash
# Does what a release carries work where there is no checkout?
#
#   checks/wheel.sh
#
# Builds the sdist of the files that git knows, and the wheel from it. Installs the wheel with [convert]
# into a fresh environment, in the releases of requirements/convert.txt, and runs the commands there from
# an empty folder. Runs the quick part of the sdist's tests. It takes a registry and 3 GB in TMPDIR.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
needs wheel git tar
scratch
unset PYTHONPATH # what was installed is tried, not the checkout
FRESH="$SCRATCH/environment/bin"

# copy_tracked: SCRATCH/source becomes what a clone would hold, without what older builds left behind.
copy_tracked() {
  git -C "$REPOSITORY" ls-files >"$SCRATCH/tracked"
  mkdir "$SCRATCH/source"
  tar -C "$REPOSITORY" -cf - -T "$SCRATCH/tracked" | tar -C "$SCRATCH/source" -xf -
}

build() {
  "$PYTHON" -m build --outdir "$SCRATCH/dist" "$SCRATCH/source"
  mkdir "$SCRATCH/sdist"
  tar -C "$SCRATCH/sdist" --strip-components 1 -xzf "$SCRATCH/dist"/*.tar.gz
}

# holds_every_file: the sdist has all that git knows.
holds_every_file() {
  local file
  while IFS= read -r file; do
    if [ ! -f "$SCRATCH/sdist/$file" ]; then echo "the sdist lacks $file" && exit 1; fi
  done <"$SCRATCH/tracked"
}

install_wheel() {
  "$PYTHON" -m venv "$SCRATCH/environment"
  "$FRESH/python" -m pip install --quiet --disable-pip-version-check \
    --constraint "$REPOSITORY/requirements/convert.txt" "$(echo "$SCRATCH/dist"/*.whl)[convert]"
}

is_typed() {
  "$FRESH/python" -c '
from importlib.resources import files
assert files("edgekit").joinpath("py.typed").is_file()'
}

# copy_sample: `project` becomes a copy of the sample that was installed, without the rule on latency: no
# verdict here is to depend on what else this machine does.
copy_sample() {
  local sample
  sample="$("$FRESH/python" -c '
from edgekit.pipeline.demo import sample_model
print(sample_model().parent)')"
  case "$sample" in
  "$SCRATCH/environment"/*) cp -R "$sample" project ;;
  *) echo "the sample was not installed: $sample" && exit 1 ;;
  esac
  awk -v RS= -v ORS='\n\n' '!/latency_ratio/' "$sample/edgekit.toml" >project/edgekit.toml
}

# bundle_tests_itself: the Python package that was bundled computes what the host computed.
bundle_tests_itself() { (cd service && "$FRESH/python" -m digits); }

quick_tests() {
  cd "$SCRATCH/sdist"
  PYTHONPATH="$SCRATCH/sdist" "$PYTHON" -m pytest -q -n 0 -m "not slow and not convert" \
    tests/core tests/verdicts tests/benchmarks tests/test_public.py tests/test_action.py \
    tests/test_sample_models.py tests/test_packaging.py
}

step wheel "the files that git knows cannot be copied" copy_tracked
step wheel "neither wheel nor sdist can be built" build
step wheel "the wheel cannot be installed" install_wheel
mkdir "$SCRATCH/empty"
cd "$SCRATCH/empty"
step wheel "python -m edgekit does not start" "$FRESH/python" -m edgekit --help
step wheel "py.typed is not in the wheel" is_typed
step wheel "the sample is not in the wheel" copy_sample
step wheel "edgekit doctor fails" "$FRESH/edgekit" doctor
step wheel "edgekit demo fails" "$FRESH/edgekit" demo
step wheel "edgekit convert fails" "$FRESH/edgekit" convert project/digits.keras \
  --calibration project/data.npz -r float32 -r static_wi8_ai8 -o out
step wheel "edgekit gate fails" "$FRESH/edgekit" gate --project project
step wheel "edgekit bundle fails" "$FRESH/edgekit" bundle out/digits.static_wi8_ai8.tflite \
  --android app --c firmware --python service
step wheel "the Python bundle's self-test fails" bundle_tests_itself
passed wheel "demo, doctor, convert, gate and bundle run from an empty folder"

step sdist "a file is not in it" holds_every_file
step sdist "its tests fail" quick_tests
passed sdist "$(tail -n 1 "$LOG")"
