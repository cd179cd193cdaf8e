#!/bin/sh
# Makes the certificates of floatip's brokers and nodes, with a CA of their own. Needs openssl (1.1.1 or later) only.
#
#   make-certificates.sh [OPTIONS] broker NAME ADDRESS...   one broker; ADDRESS: each IP address and host name by which
#                                                           nodes reach it, as written in their [mqtt] brokers
#   make-certificates.sh [OPTIONS] node NAME...             one for each node; NAME is its `node` in floatip.toml
#   make-certificates.sh [OPTIONS] revoke NAME              the certificate NAME.pem is good for nothing any more
#   make-certificates.sh [OPTIONS] list                     what there is, and until when it is valid
#
# OPTIONS
#   -d FOLDER   where everything is kept (default: ./certificates)
#   -y DAYS     how long a new certificate of a broker or node is valid (default: 825)
#   -Y DAYS     how long a new CA, and its list of what is revoked, are valid (default: 3650)
#   -n NAME     the common name of a new CA (default: floatip)
#
# The first call makes the CA: ca.pem for every broker and node, ca.crl for every broker, ca.key for nobody (keep it off
# the network: whoever has it can be any node). Nothing that exists is ever overwritten: a name that has a certificate
# keeps it, so that nodes can be added later by the same call. To make one anew, revoke the old one first.
# Keys are written with mode 0600, in a folder with mode 0700.
set -eu
umask 077
me=${0##*/}

die() {
    echo "$me: $*" >&2
    exit 1
}

usage() {
    sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"
}

folder=./certificates
days=825
ca_days=3650
ca_name=floatip
while getopts d:y:Y:n:h option; do
    case $option in
        d) folder=$OPTARG ;;
        y) days=$OPTARG ;;
        Y) ca_days=$OPTARG ;;
        n) ca_name=$OPTARG ;;
        h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
for number in "$days" "$ca_days"; do
    case $number in
        '' | *[!0-9]* | 0*) die "found $number, must be a number of days" ;;
    esac
done
command -v openssl >/dev/null 2>&1 || die "openssl is not installed: apt install openssl"

check_name() {
    case $1 in
        ca | '' | [!a-z0-9]* | *[!a-z0-9._-]*)
            die "found the name '$1', must be 1 to 63 of a-z, 0-9, \".\", \"_\" and \"-\", beginning with a letter or digit, and not ca"
            ;;
    esac
    [ ${#1} -le 63 ] || die "the name $1 is longer than 63 characters"
}

# quiet COMMAND...: what openssl says is of interest only if it fails.
quiet() {
    "$@" >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        die "$1 $2 failed"
    }
}

new_key() {
    quiet openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

# The list of what is revoked, anew from the records.
new_list() {
    cat >"$work/ca.conf" <<CONF
[ca]
default_ca = floatip
[floatip]
database = $folder/index.txt
unique_subject = no
default_md = sha256
CONF
    quiet openssl ca -config "$work/ca.conf" -gencrl -crldays "$ca_days" -keyfile "$folder/ca.key" \
        -cert "$folder/ca.pem" -out "$work/ca.crl"
    chmod 0644 "$work/ca.crl"
    mv "$work/ca.crl" "$folder/ca.crl"
}

make_ca() {
    [ ! -e "$folder/ca.pem" ] || return 0
    [ ! -e "$folder/ca.key" ] || die "$folder/ca.key is there and ca.pem is not: give another folder (-d), or move it away"
    cat >"$work/request.conf" <<CONF
[req]
distinguished_name = who
prompt = no
[who]
CN = $ca_name
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONF
    new_key "$work/ca.key"
    quiet openssl req -x509 -new -sha256 -config "$work/request.conf" -extensions ca -key "$work/ca.key" \
        -days "$ca_days" -set_serial "0x00$(openssl rand -hex 16)" -out "$work/ca.pem"
    chmod 0644 "$work/ca.pem"
    [ -e "$folder/index.txt" ] || : >"$folder/index.txt"
    mv "$work/ca.key" "$folder/ca.key"
    mv "$work/ca.pem" "$folder/ca.pem"
    new_list
    echo "ca: made, valid for $ca_days days; keep $folder/ca.key off the network"
}

# make NAME PURPOSE [NAMES]: a key and a certificate, unless there is one.
make() {
    if [ -e "$folder/$1.pem" ] && [ -e "$folder/$1.key" ]; then
        echo "$1: has a certificate already, left as it is"
        return 0
    fi
    for there in "$folder/$1.pem" "$folder/$1.key"; do
        [ ! -e "$there" ] || die "$there is there without its other half: move it away"
    done
    [ -e "$folder/ca.key" ] || die "$folder/ca.key is not there: bring it back, or give another folder (-d)"
    printf '[req]\ndistinguished_name = who\nprompt = no\n[who]\nCN = %s\n' "$1" >"$work/request.conf"
    cat >"$work/extensions.conf" <<CONF
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = $2
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
    [ -z "${3-}" ] || echo "subjectAltName = $3" >>"$work/extensions.conf"
    new_key "$work/new.key"
    quiet openssl req -new -sha256 -config "$work/request.conf" -key "$work/new.key" -out "$work/request.pem"
    quiet openssl x509 -req -sha256 -in "$work/request.pem" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
        -set_serial "0x00$(openssl rand -hex 16)" -days "$days" -extfile "$work/extensions.conf" -out "$work/new.pem"
    chmod 0644 "$work/new.pem"
    mv "$work/new.key" "$folder/$1.key"
    mv "$work/new.pem" "$folder/$1.pem"
    echo "$1: made $folder/$1.pem and $1.key, valid for $days days"
}

make_broker() {
    check_name "$1"
    name=$1
    shift
    names=
    for address in "$@"; do
        case $address in
            *[!A-Za-z0-9.:_-]* | '') die "found '$address', must be an IP address or a host name, without a port" ;;
            *:* | [0-9]*.[0-9]*.[0-9]*.*[0-9]) names="$names,IP:$address" ;;
            *) names="$names,DNS:$address" ;;
        esac
    done
    make "$name" serverAuth "${names#,}"
}

revoke() {
    check_name "$1"
    [ -e "$folder/$1.pem" ] || die "$folder/$1.pem: there is no such certificate"
    [ -e "$folder/ca.key" ] || die "$folder/ca.key is not there: bring it back"
    new_list
    quiet openssl ca -config "$work/ca.conf" -revoke "$folder/$1.pem" -keyfile "$folder/ca.key" -cert "$folder/ca.pem"
    new_list
    serial=$(openssl x509 -in "$folder/$1.pem" -noout -serial)
    mkdir -p "$folder/revoked"
    mv "$folder/$1.pem" "$folder/revoked/$1-${serial#serial=}.pem"
    rm -f "$folder/$1.key"
    echo "$1: revoked; copy $folder/ca.crl to every broker and restart it"
}

list() {
    for file in "$folder"/*.pem; do
        [ -e "$file" ] || die "$folder: there are no certificates"
        name=${file##*/}
        printf '%-20s %s\n' "${name%.pem}" "$(openssl x509 -in "$file" -noout -enddate | sed 's/notAfter=/valid until /')"
    done
}

[ $# -ge 1 ] || { usage >&2 && exit 2; }
verb=$1
shift
case $verb:$# in
    broker:[01] | node:0 | revoke:0 | revoke:[2-9]*) usage >&2 && exit 2 ;;
    broker:* | node:* | revoke:* | list:0) ;;
    *) usage >&2 && exit 2 ;;
esac
if [ "$verb" = list ]; then
    list
    exit 0
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
case $verb in
    broker) make_ca && make_broker "$@" ;;
    node)
        for name in "$@"; do
            check_name "$name"
        done
        make_ca
        for name in "$@"; do
            make "$name" clientAuth
        done
        ;;
    revoke) revoke "$1" ;;
esac
