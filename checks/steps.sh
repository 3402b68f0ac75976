# Sourced by every check: how a step of it runs, where toolchains come from, and how it says what
# happened.
#
# bash ignores `set -e` left of `||` and `&&`, behind `!` and in conditions, also within functions and
# groups that are called there: of ten commands in such a place only the last one counts. So a step is
# a program or a function that `step` runs, which ends at its first failure wherever it is called.
# tests/checks/test_shell.py forbids what would lose a failure, tests/checks/test_failures.py lets
# every tool of every check fail once.
#
#   PYTHON                 the Python that has edgekit's requirements [default: checks/python.sh's]
#   EDGEKIT_TOOLCHAINS     the cache of toolchains [default: ~/.cache/edgekit/toolchains]

# shellcheck shell=bash
set -euo pipefail

REPOSITORY="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TOOLCHAINS="${EDGEKIT_TOOLCHAINS:-$HOME/.cache/edgekit/toolchains}"
PYTHON="$("$REPOSITORY/checks/python.sh")"
export PYTHON PYTHONPATH="$REPOSITORY${PYTHONPATH:+:$PYTHONPATH}"

# passed NAME WHAT: one line for what holds.
passed() { printf 'ok %s: %s\n' "$1" "$2"; }

# failed NAME WHY [FILE]: what does not hold, and the end of the check; FILE is what a tool said, of
# which the lines that name an error and the last ones are shown, without LiteRT's own log.
failed() {
  printf 'FAILED %s: %s\n' "$1" "$2"
  if [ -n "${3:-}" ]; then
    grep -vE '^(INFO|WARNING): \[' "$3" | grep -E '(^|[ :])error:' | head -n 20 || true
    grep -vE '^(INFO|WARNING): \[' "$3" | tail -n 40 || true
  fi
  exit 1
}

# skipped NAME REASON: a toolchain cannot be had here. Ends the check, successfully.
skipped() {
  printf 'SKIPPED %s: %s\n' "$1" "$2"
  exit 0
}

# scratch: sets SCRATCH to a folder that is removed when the check ends, and LOG to what the last step
# said.
scratch() {
  SCRATCH="$(mktemp -d)"
  LOG="$SCRATCH/log"
  trap 'rm -rf "$SCRATCH"' EXIT
}

# step NAME WHY COMMAND..: runs a program or a function to its first failure. What it says is shown
# where it fails, which fails the check.
step() {
  local name="$1" why="$2"
  shift 2
  strictly "$@" >"$LOG" 2>&1 || failed "$name" "$why" "$LOG"
}

# strictly COMMAND..: runs a program or a function in a bash of its own, with all that is defined here,
# so that `set -e` holds in it.
strictly() {
  {
    declare -p | grep -v '^declare -[^ ]*r'
    declare -f
    printf 'set -euo pipefail\n"$@" </dev/null\n'
  } | bash -s -- "$@"
}

# lines ARRAY COMMAND..: sets an array to the lines that a command prints, of which there is one at
# least.
lines() {
  local -n lines_array="$1"
  local lines_text
  shift
  lines_text="$("$@")"
  [ -n "$lines_text" ]
  mapfile -t lines_array <<<"$lines_text"
}

# toolchain NAME FUNCTION: prints the folder of a toolchain. `FUNCTION FOLDER` makes it, once, in a
# folder beside its place that is moved there whole: a half-made one is never taken for ready. Returns
# 1 where it cannot be made; `reason NAME` says why.
toolchain() {
  if [ ! -d "$TOOLCHAINS/$1" ]; then
    printf 'downloading %s to %s, once ...\n' "$1" "$TOOLCHAINS" >&2
    strictly make_toolchain "$1" "$2" || return 1
  fi
  printf '%s\n' "$TOOLCHAINS/$1"
}

# make_toolchain NAME FUNCTION: makes it, unless another check does meanwhile.
make_toolchain() {
  local place="$TOOLCHAINS/$1"
  mkdir -p "$TOOLCHAINS"
  exec 9>"$place.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if [ -d "$place" ]; then return; fi
  HALF="$(mktemp -d "$TOOLCHAINS/.$1.XXXXXX")"
  trap 'rm -rf "$HALF"' EXIT
  exec >"$place.log" 2>&1
  "$2" "$HALF"
  chmod 755 "$HALF"
  mv "$HALF" "$place"
}

# reason NAME: the last line of the log of a toolchain that could not be made.
reason() { grep -v '^ *$' "$TOOLCHAINS/$1.log" | tail -n 1 | cut -c 1-200; }

# needs NAME COMMAND..: skips the check NAME where this machine lacks one of the commands.
needs() {
  local name="$1" command
  shift
  for command in "$@"; do
    if ! command -v "$command" >/dev/null; then skipped "$name" "there is no $command here"; fi
  done
}

# find_litert NAME: sets LITERT to the folder of libLiteRt.so in PYTHON's environment, or skips the
# check NAME.
find_litert() {
  LITERT="$("$PYTHON" -c '
import importlib.util, pathlib
spec = importlib.util.find_spec("ai_edge_litert")
folder = spec and pathlib.Path(spec.submodule_search_locations[0])
print(folder if folder and (folder / "libLiteRt.so").is_file() else "")')"
  if [ -z "$LITERT" ]; then skipped "$1" "$PYTHON has no ai-edge-litert with libLiteRt.so"; fi
}

# find_bundle NAME [FOLDER]: sets BUNDLE to a folder with contract.json and, somewhere in it, the files
# that it names [default: the bundle in android_demo/digits].
find_bundle() {
  BUNDLE="${2:-$REPOSITORY/android_demo/digits}"
  if [ ! -f "$BUNDLE/contract.json" ]; then failed "$1" "$BUNDLE holds no contract.json"; fi
}

# add_columns_bundle NAME: adds to BUNDLES one of which an output holds boxes of hundreds and scores of
# about one.
add_columns_bundle() {
  step "$1" "the bundle of columns cannot be made" \
    "$PYTHON" -m tests.codegen.columns_bundle "$SCRATCH/columns"
  BUNDLES+=("$SCRATCH/columns")
}

make_corpus_bundles() {
  "$PYTHON" -m tests.codegen.corpus_bundles "$EDGEKIT_CORPUS" "$1" kws_dscnn imagenet_mobilenetv1_025
}

# add_corpus_bundles NAME: adds to BUNDLES the bundles of two networks of the corpus (EDGEKIT_CORPUS),
# or says that they are skipped. Made once for the sources as they are, which takes TensorFlow.
add_corpus_bundles() {
  if [ -z "${EDGEKIT_CORPUS:-}" ]; then
    printf 'SKIPPED %s_corpus: EDGEKIT_CORPUS is unset\n' "$1"
    return
  fi
  local key folder
  key="corpus-$(find "$REPOSITORY/edgekit" "$REPOSITORY/tests/codegen/corpus_bundles.py" -name '*.py' \
    -print0 | sort -z | xargs -0 cat | cksum | cut -d ' ' -f 1)"
  folder="$(toolchain "$key" make_corpus_bundles)" ||
    failed "$1" "bundles of the corpus cannot be made" "$TOOLCHAINS/$key.log"
  BUNDLES+=("$folder"/*/bundle)
}
