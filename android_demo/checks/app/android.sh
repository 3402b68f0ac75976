# Sourced by check_app.sh after toolchain.sh: Android's build tools as Debian has them.

# shellcheck shell=bash
source "$REPOSITORY/checks/debian.sh"

# Debian 11 has API 23's android.jar (its classes, and the framework's resources) and dx; Debian 12
# the rest. What is downloaded is only unpacked, not installed, by an apt with lists of its own.

# On API 23's android.jar stand the type check and the resources: what it lacks fails the check.
ANDROID_JAR_PATH=usr/share/java/com.android.android-23.jar
ANDROID_PACKAGES=(
  libandroid-23-java/bullseye dalvik-exchange/bullseye
  aapt zipalign apksigner libapksig-java
  android-libaapt android-libandroidfw android-libbacktrace android-libbase android-libcutils
  android-liblog android-libunwind android-libutils android-libziparchive
  fonts-roboto-unhinted libbsd0 libexpat1 libmd0 libpng16-16 libprotobuf-lite32 libzopfli1 p7zip p7zip-full zlib1g
)

make_android() {
  local apt mirror
  mirror="$(debian_mirror)"
  apt=(debian_apt "$1/apt" amd64 "bookworm bullseye" "$mirror")
  "${apt[@]}" update
  mkdir -p "$1/apt/archives"
  cd "$1/apt/archives"
  "${apt[@]}" download "${ANDROID_PACKAGES[@]}"
  debian_unpack "$1/apt" "$1/root"
  test -f "$1/root/$ANDROID_JAR_PATH"
  rm -rf "$1/apt"
}

# find_android NAME: sets ANDROID_ROOT, ANDROID_JAR and ROBOTO (Android's font, for pictures), or skips
# the check NAME.
find_android() {
  if [ ! -d "$TOOLCHAINS/android-23-debian" ]; then needs_debian "$1"; fi
  local place
  place="$(toolchain android-23-debian make_android)" ||
    skipped "$1" "Android's tools: $(reason android-23-debian)"
  ANDROID_ROOT="$place/root"
  ANDROID_JAR="$ANDROID_ROOT/$ANDROID_JAR_PATH"
  ROBOTO="$ANDROID_ROOT/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF"
}

# native TOOL ARGUMENTS: one of the unpacked programs, with the libraries unpacked beside it.
native() {
  local lib="$ANDROID_ROOT/usr/lib" name="$1"
  shift
  LD_LIBRARY_PATH="$lib/x86_64-linux-gnu/android:$lib/x86_64-linux-gnu:$ANDROID_ROOT/lib/x86_64-linux-gnu:$lib/p7zip:$lib" \
    "$ANDROID_ROOT/usr/bin/$name" "$@"
}

# dx ARGUMENTS: class files to a .dex.
dx() {
  "$JAVA" -Xmx1g -cp "$ANDROID_ROOT/usr/share/java/com.android.dx.jar" \
    com.android.dx.command.Main --dex "$@"
}

# apksigner ARGUMENTS
apksigner() {
  local java="$ANDROID_ROOT/usr/share/java"
  "$JAVA" -cp "$java/apksigner.jar:$java/apksig.jar" com.android.apksigner.ApkSignerTool "$@"
}
