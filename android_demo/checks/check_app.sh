#!/usr/bin/env bash
# The app without a phone: its logic run with the real model, all of it type-checked against
# Android's API 23, its resources compiled, and an APK of it built, signed and verified.
#
# The APK holds no LiteRT (that comes from Google's repository by Gradle), so it is called
# *-compilecheck.apk, and is never installed or kept. DRAW=1 draws the pictures of docs/ anew.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
source "$DEMO/checks/app/android.sh"

HELPERS="$DEMO/checks/app"
APP="$DEMO/app/src/main"
SOURCES="$APP/kotlin/dev/edgekit/demo"
MODULE="$DEMO/digits/src/main"
# What of the app needs no Android, and is run here.
LOGIC=(Benchmark.kt Ink.kt Job.kt Numbers.kt Strokes.kt)

find_kotlin app
find_litert app
scratch
APK="$SCRATCH/digits-compilecheck.apk"

# The app's logic with the bundle's code and the real model, on the JVM.
step app_logic "the shim does not compile" compile_shim "$SCRATCH/shim"
lines shared find "$DEMO/core/src/main" "$MODULE/kotlin" -name '*.kt' \
  ! -name ModelFiles.kt ! -name DigitsAndroid.kt
step app_logic "it does not compile" kotlinc_jvm -classpath "$SCRATCH/shim" -d "$SCRATCH/host" \
  "${shared[@]}" "${LOGIC[@]/#/$SOURCES/}" "$HELPERS/AppCheck.kt"
step app_logic "it computes something else" \
  java_litert "$SCRATCH/host:$SCRATCH/shim" AppCheckKt \
  "$MODULE/assets/edgekit/digits" "$HELPERS/digits.txt" "$SCRATCH/state.json"
passed app_logic "$(tail -n 1 "$LOG")"

find_android app_compile

# What Gradle makes of the manifests: one of all, where no permission is left; its namespace is
# aapt's package.
step app_manifest "the manifests do not merge to one without permissions" \
  "$PYTHON" "$HELPERS/manifest.py" dev.edgekit.demo "$APP/AndroidManifest.xml" \
  "$MODULE/AndroidManifest.xml" "$REPOSITORY/checks/litert/permissions.txt" \
  "$SCRATCH/AndroidManifest.xml"
passed app_manifest "$(tail -n 1 "$LOG")"

# compile_resources: R.java, and an APK with resources and assets.
compile_resources() {
  mkdir -p "$SCRATCH/r" "$SCRATCH/apk/assets"
  cp -r "$MODULE/assets/." "$SCRATCH/apk/assets"
  native aapt package -f -m -M "$SCRATCH/AndroidManifest.xml" -S "$APP/res" \
    -A "$SCRATCH/apk/assets" -I "$ANDROID_JAR" -J "$SCRATCH/r" -F "$SCRATCH/app.apk" -0 tflite \
    --error-on-failed-insert --min-sdk-version 24 --target-sdk-version 36 --version-code 1 \
    --version-name 1.0
}
step app_resources "aapt does not compile them" compile_resources

# compile_app: of LiteRT the declarations alone; of Java and Android API 23's, and nothing else.
compile_app() {
  mkdir -p "$SCRATCH/litert/com/google/ai/edge"
  cp -r "$SCRATCH/shim/com/google/ai/edge/litert" "$SCRATCH/litert/com/google/ai/edge/litert"
  "$KOTLINC" -no-jdk -no-reflect -jvm-target 1.8 -Xlambdas=class -Xsam-conversions=class \
    -Xstring-concat=inline -cp "$ANDROID_JAR:$SCRATCH/litert" -d "$SCRATCH/classes" \
    "$DEMO/core/src/main" "$MODULE/kotlin" "$APP/kotlin" "$SCRATCH/r"
}
step app_compile "it does not compile against API 23" compile_app
lines compiled find "$APP/kotlin" "$DEMO/core/src/main" "$MODULE/kotlin" -name '*.kt'
passed app_compile "${#compiled[@]} Kotlin files against API 23"

step app_resources "a resource is unused, or breaks a rule" \
  "$PYTHON" "$HELPERS/resources.py" "$DEMO" "$SCRATCH/classes"
passed app_resources "$(tail -n 1 "$LOG")"

# dex: Kotlin's library has code that D8 rewrites for old devices and dx cannot: it is for API 26.
dex() {
  "$PYTHON" "$HELPERS/jars.py" "$SCRATCH/classes" "$SCRATCH/app.jar" \
    "$KOTLIN_LIB/kotlin-stdlib.jar" "$SCRATCH/kotlin.jar"
  dx --min-sdk-version=24 --output="$SCRATCH/apk/classes.dex" "$SCRATCH/app.jar"
  dx --min-sdk-version=26 --output="$SCRATCH/apk/classes2.dex" "$SCRATCH/kotlin.jar"
}
step app_apk "dx does not translate its classes" dex

# pack: adds the code, aligns and signs by a key for this once; nothing is signed with it that leaves
# this folder.
pack() {
  cd "$SCRATCH/apk"
  native aapt add "$SCRATCH/app.apk" classes.dex classes2.dex
  native zipalign -f 4 "$SCRATCH/app.apk" "$APK"
  native zipalign -c 4 "$APK"
  "$JDK/bin/keytool" -genkeypair -keystore "$SCRATCH/key" -storetype PKCS12 \
    -storepass thrown-away -alias once -keyalg RSA -keysize 2048 -validity 1 -dname CN=compilecheck
  apksigner sign --ks "$SCRATCH/key" --ks-pass pass:thrown-away --min-sdk-version 24 "$APK"
}
step app_apk "it cannot be packed and signed" pack

# verify: what the APK says of itself.
verify() {
  apksigner verify --min-sdk-version 24 --verbose "$APK" >"$SCRATCH/signature"
  cat "$SCRATCH/signature"
  grep 'Verified using v2 scheme.*true' "$SCRATCH/signature"
  native aapt dump badging "$APK" >"$SCRATCH/badging"
  cat "$SCRATCH/badging"
  grep "launchable-activity: name='dev.edgekit.demo.MainActivity'" "$SCRATCH/badging"
  if grep uses-permission "$SCRATCH/badging"; then return 1; fi
}
step app_apk "it is not signed, starts no activity or asks for a permission" verify
bytes="$(stat -c %s "$APK")"
passed app_apk "${APK##*/} of $bytes bytes, its signature verified"

# The screens, from the layouts and what the app's code computed above.
pictures="$SCRATCH/pictures"
if [ -n "${DRAW:-}" ]; then pictures="$DEMO/docs"; fi
step app_screens "a screen cannot be drawn" \
  "$PYTHON" "$HELPERS/draw.py" "$DEMO" "$SCRATCH/state.json" "$ROBOTO" "$pictures"
drawn="$(cd "$pictures" && echo *.png)" kept="$(cd "$DEMO/docs" && echo *.png)"
if [ "$drawn" != "$kept" ]; then
  failed app_screens "docs/ has other pictures: draw them with DRAW=1"
fi
passed app_screens "$(tail -n 1 "$LOG")"
