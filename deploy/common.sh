# Sourced by the commands beside it: system packages and the build.

# Installs those of the named Debian packages that are missing; asks nothing of apt if none is.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "Installing system packages: ${missing[*]}"
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# What the program links against.
build_packages=(libsentencepiece-dev libopenblas-dev libnghttp2-dev libsqlite3-dev zlib1g-dev pkg-config)

# One build serves the demo and the tests, so its flags are the tests': optimised, with internals visible to them.
build_flags=(-c release -Xswiftc -enable-testing)

require_swift() {
  command -v swift >/dev/null || {
    echo "Swift is not on PATH; install Swift 6.3 or later from swift.org" >&2
    exit 2
  }
}
