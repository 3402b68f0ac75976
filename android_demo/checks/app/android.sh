# Sourced by check_app.sh after toolchain.sh: Android's build tools as Debian has them.
#
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

# debian_mirror: the machine's own Debian mirror, of its apt sources in either format, if any.
debian_mirror() {
  { find /etc/apt -maxdepth 2 \( -name '*.list' -o -name '*.sources' \) -exec cat {} + || true; } \
    | sed -nE '/^ *#/d; s#^.*[[:space:]]([a-z+]+://[^[:space:]]*/debian/?)([[:space:]].*)?$#\1#p' \
    | sed -n 1p
}

make_android() {
  local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg suite deb
  [ "$(dpkg --print-architecture)" = amd64 ] || { echo "Debian has these tools for amd64"; return 1; }
  mirror="$(debian_mirror)"
  [ -n "$mirror" ] || { echo "this machine's apt knows no Debian mirror"; return 1; }
  mkdir -p "$1/apt/lists/partial" "$1/apt/cache/archives/partial" "$1/debs" "$1/root"
  : >"$1/apt/status"
  for suite in bookworm bullseye; do
    echo "deb [signed-by=$keys arch=amd64] $mirror $suite main"
  done >"$1/apt/sources.list"
  local options=(
    -qq -o "Dir::State=$1/apt" -o "Dir::State::status=$1/apt/status" -o "Dir::Cache=$1/apt/cache"
    -o "Dir::Etc::sourcelist=$1/apt/sources.list" -o Dir::Etc::sourceparts=-
    -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::Check-Valid-Until=false
    -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" update
  cd "$1/debs"
  apt-get "${options[@]}" download "${ANDROID_PACKAGES[@]}"
  for deb in *.deb; do dpkg-deb -x "$deb" "$1/root"; done
  test -f "$1/root/$ANDROID_JAR_PATH"
  rm -rf "$1/apt" "$1/debs"
}

# android_ready NAME: sets ANDROID_ROOT, ANDROID_JAR and ROBOTO (Android's font, for pictures), or skips the check NAME.
android_ready() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null \
    || skipped "$1" "Android's tools are Debian's, and here is no apt"
  local place
  place="$(toolchain android-23-debian make_android)" \
    || skipped "$1" "Android's tools: $(reason android-23-debian)"
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
