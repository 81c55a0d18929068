#!/bin/sh
# Puts Horizon in the place of dnsmasq, for the operator's phoenix tooling: installs, imports, compares, switches.
#
#   install.sh [--container 101] [--package FILE.deb] [--dnsmasq FILE|DIR]...   all of it; changes nothing if answers differ
#   install.sh [--container 101] --check                                        imports and compares only
#   install.sh [--container 101] --roll-back                                    dnsmasq again, as it was before
#   install.sh [--container 101] --sync                                         what `phoenix sync all` is to run at its end
#
# On a Proxmox host it works inside the container (pct exec); where there is no `pct`, or with --container none, on this machine.
# It can be run again: what is done already is left alone.
set -eu

container=101
package=
mode=install
sources=
while [ $# -gt 0 ]; do
  case $1 in
    --container) container=$2; shift ;;
    --package) package=$2; shift ;;
    --dnsmasq) sources="$sources $2"; shift ;;
    --check) mode=check ;;
    --roll-back) mode=roll_back ;;
    --sync) mode=sync ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "install.sh: unknown: $1 (see --help)" >&2; exit 1 ;;
  esac
  shift
done
[ "$container" != none ] || container=
command -v pct >/dev/null 2>&1 || container=

say() { printf 'install.sh: %s\n' "$*"; }
refuse() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

# Runs a command where Horizon is to be.
there() {
  if [ -n "$container" ]; then pct exec "$container" -- "$@"; else "$@"; fi
}
exists() { there test -e "$1"; }
is_active() { there systemctl --quiet is-active "$1"; }

# Where the old state is kept until it is no longer wanted; a purge of the package takes it along.
backup=/var/backups/horizon
candidate=/etc/horizon/candidate

put_package() {
  if [ -z "$package" ]; then
    there test -x /usr/bin/horizond || refuse "horizon is not installed there; name the package with --package"
    return
  fi
  local_name=/var/tmp/horizon-install.deb
  if [ -n "$container" ]; then
    pct push "$container" "$package" $local_name
  else
    cp "$package" $local_name
  fi
  # Beside a running dnsmasq the package starts nothing.
  there dpkg -i $local_name || refuse "the package could not be installed; dnsmasq serves on"
  there rm -f $local_name
}

# Reads what dnsmasq reads, and holds every answer against it while it still runs. `--hosts` and `--resolv` are what dnsmasq
# reads by itself.
import() {
  [ -n "$sources" ] || sources=/etc/dnsmasq.conf
  there rm -rf $candidate
  # shellcheck disable=SC2086 # one word for each source is meant
  set -- zonectl import dnsmasq $sources --out $candidate --verify-against 127.0.0.1
  # shellcheck disable=SC2086
  if exists /etc/hosts && ! there grep -qrs '^no-hosts' $sources; then set -- "$@" --hosts /etc/hosts; fi
  status=0
  there "$@" || status=$?
  case $status in
    0) ;;
    3) refuse "the imported zones answer otherwise than dnsmasq (see the faults above); nothing was changed" ;;
    *) refuse "dnsmasq's settings could not be imported; nothing was changed" ;;
  esac
  there horizond check --config $candidate/horizon.toml || refuse "the import is not sound; nothing was changed"
}

# Settings and zones of the import become those of the service; what was there before is kept.
adopt() {
  if ! exists $backup/horizon; then
    there mkdir -p $backup
    there cp -a /etc/horizon $backup/horizon
    there rm -rf $backup/horizon/candidate
  fi
  there cp $candidate/horizon.toml /etc/horizon/horizon.toml
  there rm -rf /etc/horizon/zones
  there cp -r $candidate/zones /etc/horizon/zones
  there rm -rf $candidate
  there chown root:horizon /etc/horizon/horizon.toml
  there chmod 640 /etc/horizon/horizon.toml
  there chown -R horizon:horizon /etc/horizon/zones
}

switch() {
  if is_active dnsmasq; then there touch $backup/dnsmasq-was-active; fi
  there systemctl disable --now dnsmasq
  if there systemctl start horizon && there systemctl enable horizon; then return; fi
  say "horizon does not start: back to dnsmasq"
  roll_back
  refuse "nothing has changed for clients; see: journalctl -u horizon"
}

roll_back() {
  exists $backup/horizon || refuse "there is nothing to go back to: $backup/horizon is missing"
  there systemctl disable --now horizon || true
  there rm -rf /etc/horizon
  there cp -a $backup/horizon /etc/horizon
  if exists $backup/dnsmasq-was-active; then there systemctl enable --now dnsmasq; fi
  there rm -rf $backup
}

case $mode in
  check)
    import
    there rm -rf $candidate
    say "Horizon would answer as dnsmasq does; nothing was changed"
    ;;
  install)
    put_package
    if is_active horizon && ! is_active dnsmasq; then
      say "Horizon serves already"
      exit 0
    fi
    import
    adopt
    switch
    there zonectl status
    say "Horizon serves; back again: $0 --roll-back. For \`phoenix sync all\`, as its last line: $0 --sync"
    ;;
  roll_back)
    roll_back
    say "dnsmasq serves again, and Horizon's settings are those from before"
    ;;
  sync)
    # Zones follow the hypervisor's files; what is not sound goes nowhere (exit code 3), and a large removal asks (5).
    there zonectl generate
    there zonectl reload --wait
    ;;
esac
