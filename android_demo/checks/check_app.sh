#!/bin/bash
# The app without a phone: its logic run with the real model, all of it type-checked against
# Android's API 23, its resources compiled, and an APK of it built, signed and verified.
#
# The APK holds no LiteRT (that comes from Google's repository by Gradle), so it is called
# *-compilecheck.apk, and is never installed or kept. DRAW=1 draws the pictures of docs/ anew.
source "$(dirname "$0")/toolchain.sh"
source "$DEMO/checks/app/android.sh"

HELPERS="$DEMO/checks/app"
APP="$DEMO/app/src/main"
SOURCES="$APP/kotlin/dev/edgekit/demo"
MODULE="$DEMO/digits/src/main"
# What of the app needs no Android, and is run here.
LOGIC=(Benchmark.kt Ink.kt Job.kt Numbers.kt Strokes.kt)

kotlin_ready app
litert_ready app
scratch

# The app's logic with the bundle's code and the real model, on the JVM.
mapfile -t shared < <(find "$DEMO/core/src/main" "$MODULE/kotlin" -name '*.kt' \
  ! -name ModelFiles.kt ! -name DigitsAndroid.kt)
"$KOTLINC" -jdk-home "$JDK" -jvm-target 25 -no-reflect -d "$SCRATCH/host" \
  "${shared[@]}" "${LOGIC[@]/#/$SOURCES/}" "$DEMO/litert-desktop/src/main/kotlin" \
  "$HELPERS/AppCheck.kt" >"$SCRATCH/log" 2>&1 \
  || failed app_logic "it does not compile" "$SCRATCH/log"
"$JAVA" --enable-native-access=ALL-UNNAMED "-Dlitert.library=$LITERT" \
  -cp "$SCRATCH/host:$KOTLIN_LIB/kotlin-stdlib.jar" AppCheckKt \
  "$MODULE/assets/edgekit/digits" "$HELPERS/digits.txt" "$SCRATCH/state.json" \
  >"$SCRATCH/log" 2>&1 || failed app_logic "it computes something else" "$SCRATCH/log"
passed app_logic "$(tail -n 1 "$SCRATCH/log")"

android_ready app_compile

# Gradle's namespace is aapt's package.
mkdir -p "$SCRATCH/r" "$SCRATCH/apk/assets"
sed 's/<manifest /<manifest package="dev.edgekit.demo" /' "$APP/AndroidManifest.xml" \
  >"$SCRATCH/AndroidManifest.xml"
cp -r "$MODULE/assets/." "$SCRATCH/apk/assets"
native aapt package -f -m -M "$SCRATCH/AndroidManifest.xml" -S "$APP/res" -A "$SCRATCH/apk/assets" \
  -I "$ANDROID_JAR" -J "$SCRATCH/r" -F "$SCRATCH/app.apk" -0 tflite --error-on-failed-insert \
  --min-sdk-version 24 --target-sdk-version 36 --version-code 1 --version-name 1.0 \
  >"$SCRATCH/log" 2>&1 || failed app_resources "aapt" "$SCRATCH/log"

# Of LiteRT the declarations alone; of Java and Android API 23's, and nothing else.
mkdir -p "$SCRATCH/litert/com/google/ai/edge"
cp -r "$SCRATCH/host/com/google/ai/edge/litert" "$SCRATCH/litert/com/google/ai/edge/litert"
"$KOTLINC" -no-jdk -no-reflect -jvm-target 1.8 -Xlambdas=class -Xsam-conversions=class \
  -Xstring-concat=inline -cp "$ANDROID_JAR:$SCRATCH/litert" -d "$SCRATCH/classes" \
  "$DEMO/core/src/main" "$MODULE/kotlin" "$APP/kotlin" "$SCRATCH/r" >"$SCRATCH/log" 2>&1 \
  || failed app_compile "it does not compile against API 23" "$SCRATCH/log"
passed app_compile "$(find "$APP/kotlin" "$DEMO/core/src/main" "$MODULE/kotlin" -name '*.kt' | wc -l)\
 Kotlin files against API 23"

"$PYTHON" "$HELPERS/resources.py" "$DEMO" "$SCRATCH/classes" >"$SCRATCH/log" 2>&1 \
  || failed app_resources "a resource is unused, or breaks a rule" "$SCRATCH/log"
passed app_resources "$(tail -n 1 "$SCRATCH/log")"

# Kotlin's library has code that D8 rewrites for old devices and dx cannot: it is dexed for API 26.
"$PYTHON" "$HELPERS/jars.py" "$SCRATCH/classes" "$SCRATCH/app.jar" \
  "$KOTLIN_LIB/kotlin-stdlib.jar" "$SCRATCH/kotlin.jar"
{
  dx --min-sdk-version=24 --output="$SCRATCH/apk/classes.dex" "$SCRATCH/app.jar"
  dx --min-sdk-version=26 --output="$SCRATCH/apk/classes2.dex" "$SCRATCH/kotlin.jar"
} >"$SCRATCH/log" 2>&1 || failed app_apk "dx" "$SCRATCH/log"
apk="$SCRATCH/digits-compilecheck.apk"
{
  (cd "$SCRATCH/apk" && native aapt add "$SCRATCH/app.apk" classes.dex classes2.dex)
  native zipalign -f 4 "$SCRATCH/app.apk" "$apk"
  native zipalign -c 4 "$apk"
  # A key for this once; nothing is signed with it that leaves this folder.
  "$JDK/bin/keytool" -genkeypair -keystore "$SCRATCH/key" -storetype PKCS12 -storepass thrown-away \
    -alias once -keyalg RSA -keysize 2048 -validity 1 -dname CN=compilecheck
  apksigner sign --ks "$SCRATCH/key" --ks-pass pass:thrown-away --min-sdk-version 24 "$apk"
  apksigner verify --min-sdk-version 24 --verbose "$apk" | tee "$SCRATCH/signature"
  grep -q 'Verified using v2 scheme.*true' "$SCRATCH/signature"
  cp "$SCRATCH/state.json" /tmp/r/dwork/state.json;   native aapt dump badging "$apk" >"$SCRATCH/badging"
  grep -q "launchable-activity: name='dev.edgekit.demo.MainActivity'" "$SCRATCH/badging"
} >"$SCRATCH/log" 2>&1 || failed app_apk "packing or signing" "$SCRATCH/log"
passed app_apk "$(basename "$apk") of $(stat -c %s "$apk") bytes, its signature verified"

# The screens, from the layouts and what the app's code computed above.
pictures="$SCRATCH/pictures"
[ -z "${DRAW:-}" ] || pictures="$DEMO/docs"
"$PYTHON" "$HELPERS/draw.py" "$DEMO" "$SCRATCH/state.json" "$ROBOTO" "$pictures" \
  >"$SCRATCH/log" 2>&1 || failed app_screens "a screen cannot be drawn" "$SCRATCH/log"
[ "$(cd "$pictures" && echo *.png)" = "$(cd "$DEMO/docs" && echo *.png)" ] \
  || failed app_screens "docs/ has other pictures: draw them with DRAW=1"
passed app_screens "$(tail -n 1 "$SCRATCH/log")"
