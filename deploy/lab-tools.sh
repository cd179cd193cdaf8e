#!/bin/sh
# Make sure that the programs of the lab are here: lab-tools.sh PROGRAM...
# Installs their Debian packages if this is root on Debian or Ubuntu; otherwise says what to install.
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=
samples=/usr/share/doc/keepalived/samples
for program in "$@"; do
    if command -v "$program" >/dev/null 2>&1; then
        # Its sample configurations are a test's input, and small images leave out /usr/share/doc.
        [ "$program" != keepalived ] || [ -d "$samples" ] || missing="$missing keepalived"
        continue
    fi
    case $program in
        ip) missing="$missing iproute2" ;;
        chromium) missing="$missing chromium fonts-dejavu-core" ;;
        arping) missing="$missing iputils-arping" ;;
        ping) missing="$missing iputils-ping" ;;
        sysctl) missing="$missing procps" ;;
        nft) missing="$missing nftables" ;;
        unshare) missing="$missing util-linux" ;;
        *) missing="$missing $program" ;;
    esac
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    # Policy: the lab starts brokers itself, in namespaces of its own; the packages' services stay off.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 0755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --reinstall \
        -o "Dpkg::Options::=--path-include=/usr/share/doc/keepalived/*" $missing >/dev/null
else
    echo "the lab needs these packages: apt install$missing" >&2
    exit 1
fi
