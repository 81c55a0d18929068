#!/usr/bin/env bash
# Everything that must pass: format, lints, docs, all tests. Run as root or as a user who may sudo, from any folder.
# Stops loudly at the first step that fails; says how long each step took; ends with the tests' own summary.
set -euo pipefail
cd "$(dirname "$0")/.."

packages_file=packaging/test-packages.txt
export CARGO_TERM_COLOR=never
# Debian keeps the servers' binaries where a user's PATH does not look.
export PATH="$PATH:/usr/sbin:/sbin"
current="start"
log=$(mktemp)
# The ACME lab needs root and network namespaces; a test that cannot run adds a line that says why.
HORIZON_TESTS_SKIPPED=$(mktemp)
export HORIZON_TESTS_SKIPPED
policy=/usr/sbin/policy-rc.d
policy_made=no

# Also when it is interrupted: a policy left behind would keep every later service of this machine from starting.
finish() {
  local status=$?
  remove_policy
  rm -f "$log" "$HORIZON_TESTS_SKIPPED"
  if [ $status -ne 0 ]; then printf '\n=== FAILED at step: %s (exit %s)\n' "$current" "$status" >&2; fi
}
trap finish EXIT

remove_policy() {
  [ $policy_made = no ] || as_root rm -f $policy
  policy_made=no
}

step() {
  current=$1
  shift
  local begun=$SECONDS
  printf '\n=== %s\n' "$current"
  "$@"
  printf '=== %s: %s s\n' "$current" "$((SECONDS - begun))"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "packages are missing and neither root nor sudo is here: install $(missing_packages)" >&2
    return 1
  fi
}

missing_packages() {
  local package
  while read -r package; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
  done < <(grep -v '^#' "$packages_file")
}

# The tests start their own servers on free ports; a packaged one must not be started by its installation.
install_packages() {
  local missing
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    echo "all there: $(grep -v '^#' "$packages_file" | tr '\n' ' ')"
    return
  fi
  if ! command -v apt-get >/dev/null; then
    echo "not a Debian system; please install: $missing" >&2
    return 1
  fi
  if [ ! -e $policy ]; then
    policy_made=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  local status=0
  as_root apt-get update -q || status=$?
  # shellcheck disable=SC2086 # one word for each package is meant
  [ $status -ne 0 ] || as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing || status=$?
  remove_policy
  return $status
}

# What the tests call from outside, so that a missing one is named here and not inside a test.
show_tools() {
  local tool
  cargo --version
  for tool in knotd nsd named-compilezone dig ldns-read-zone script valgrind go caddy pebble lego certbot nginx nft lxc-start debootstrap lintian dnsperf; do
    printf '%-18s %s\n' "$tool" "$(command -v "$tool")" || { echo "$tool is not in PATH" >&2; return 1; }
  done
}

docs() {
  RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --lib --document-private-items
}

# The fuzz targets are a package of their own that this script does not build; its lock file must follow ours all the same.
fuzz_lock() {
  cargo metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null
}

# Instructions do not depend on how busy the machine is, so that a slower core is seen at once. A profile of its own: near to
# release, and built in two minutes.
instruction_counts() {
  cargo bench --locked --profile counts --bench core -- --check
}

# One profile and one set of features in every other step: nothing is compiled twice. The binaries are built with the tests,
# which run them.
tests() {
  local runner="test"
  ! cargo nextest --version >/dev/null 2>&1 || runner="nextest run --status-level slow"
  # shellcheck disable=SC2086 # `nextest run` is two words
  cargo $runner --locked --lib --bins --tests --examples --no-fail-fast 2>&1 | tee "$log"
}

# In a container, as root; what is tested is the package, which is the same with the binaries that the tests have just used.
package() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "package: not root, so no container: packaging/deb/test was not run" | tee -a "$HORIZON_TESTS_SKIPPED"
    return
  fi
  packaging/deb/test --binaries target/debug
}

step "Debian packages" install_packages
step "tools" show_tools
step "format" cargo fmt --check
step "lints" cargo clippy --locked --all-targets -- -D warnings
step "fuzz lock file" fuzz_lock
step "docs" docs
step "doc tests" cargo test --locked --doc
step "instruction counts" instruction_counts
step "tests" tests
step "the Debian package in a container" package
printf '\n=== all steps passed in %s s. The tests say of themselves:\n' "$SECONDS"
if [ -s "$HORIZON_TESTS_SKIPPED" ]; then
  printf 'skipped: %s tests, which count as passed above:\n' "$(wc -l <"$HORIZON_TESTS_SKIPPED")"
  sed 's/^/  /' "$HORIZON_TESTS_SKIPPED"
fi
grep -E '^ *Summary \[|^test result:' "$log"
