#!/usr/bin/env bash
# Run once by the postgres image, when its volume is empty: a role and a database of its own for every service, which nobody
# else may enter. Passwords are those of the DSNs that compose/init.py made: letters, digits, "-" and "_" alone.
set -euo pipefail
for service in gateway scheduler visits complaints notifications analytics; do
    dsn=$(cat "${SECRETS:-/run/secrets}/$service.dsn")
    password=${dsn#postgresql://huifang_"$service":}
    password=${password%%@*}
    psql --username postgres --set ON_ERROR_STOP=1 --quiet <<SQL
CREATE ROLE huifang_$service LOGIN PASSWORD '$password';
CREATE DATABASE huifang_$service OWNER huifang_$service;
REVOKE ALL ON DATABASE huifang_$service FROM PUBLIC;
SQL
done
