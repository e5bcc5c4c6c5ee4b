#!/bin/bash
# Activates the release that contains this script: user, settings, unit, log rotation, CloudWatch agent, start.
#
# Environment: REGION, DB_SECRET_ARN, ENVIRONMENT, PORT, LOG_GROUP, METRICS_NAMESPACE. None of them is a secret.
# ROOT is a prefix of every path and empty on instances. A second run ends in the same state.
set -euo pipefail

ROOT="${ROOT:-}"
SYSTEM="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
RELEASE="$(cd "$SYSTEM/../.." && pwd)"

# The values go into a file that systemd parses and into JSON, so they must not need quoting.
check() {
  local name
  for name in "$@"; do
    if [[ ! "${!name:-}" =~ ^[A-Za-z0-9:/_.+=@-]+$ ]]; then
      echo "install: $name is missing or holds characters other than letters, digits and :/_.+=@-" >&2
      exit 2
    fi
  done
}

# place MODE GROUP TARGET: replaces the file with standard input, in one step.
place() {
  local target="$ROOT$3" fresh
  mkdir -p "$(dirname "$target")"
  fresh="$(mktemp "$target.XXXXXX")"
  cat >"$fresh"
  chmod "$1" "$fresh"
  chgrp "$2" "$fresh"
  mv -f "$fresh" "$target"
}

check REGION DB_SECRET_ARN ENVIRONMENT PORT LOG_GROUP METRICS_NAMESPACE

getent passwd payments >/dev/null || useradd --system --user-group --no-create-home --home-dir / --shell /sbin/nologin payments
# The agent runs as its own user, which its package creates. The group lets it read the service's log.
usermod --append --groups payments cwagent

place 0640 payments /etc/payments/environment <<END
DB_SECRET_ARN=$DB_SECRET_ARN
ENVIRONMENT=$ENVIRONMENT
AWS_DEFAULT_REGION=$REGION
PORT=$PORT
END
place 0644 root /etc/systemd/system/payments.service <"$SYSTEM/payments.service"
place 0644 root /etc/systemd/system/logrotate-payments.service <"$SYSTEM/logrotate-payments.service"
place 0644 root /etc/systemd/system/logrotate-payments.timer <"$SYSTEM/logrotate-payments.timer"
place 0644 root /etc/logrotate.d/payments <"$SYSTEM/logrotate.conf"
AGENT=/opt/aws/amazon-cloudwatch-agent
sed -e "s|@REGION@|$REGION|" -e "s|@LOG_GROUP@|$LOG_GROUP|" -e "s|@METRICS_NAMESPACE@|$METRICS_NAMESPACE|" \
  "$SYSTEM/amazon-cloudwatch-agent.json" | place 0644 root "$AGENT/etc/payments.json"

mkdir -p "$ROOT/opt/payments"
ln -sfn "$RELEASE" "$ROOT/opt/payments/current.new"
mv -fT "$ROOT/opt/payments/current.new" "$ROOT/opt/payments/current"

systemctl daemon-reload
systemctl enable payments.service
systemctl enable --now logrotate-payments.timer
# Starts the service for the first time, or stops it gracefully and starts the new release.
systemctl restart payments.service
"$ROOT$AGENT/bin/amazon-cloudwatch-agent-ctl" -a fetch-config -m ec2 -s -c "file:$ROOT$AGENT/etc/payments.json"
