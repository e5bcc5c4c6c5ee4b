# shellcheck shell=bash
# What an instance does at its first boot; the user data is this text after a shebang and the lines that export REGION,
# ARTIFACT_BUCKET, ARTIFACT_KEY, STACK_NAME, SIGNAL_RESOURCE, DB_SECRET_ARN, LOG_GROUP, ENVIRONMENT, PORT, METRICS_NAMESPACE.
#
# It fetches only from Amazon Linux's repositories and the artifact bucket (both S3 of the region) and calls AWS APIs. The
# stack learns how it went: SUCCESS after /health has answered, FAILURE from wherever it stopped. No secret is in here.
# It ends by itself: its steps take at most BOOT_SECONDS, and each status of the signal SIGNAL_SECONDS more. web.py reads both.
# For tests: ROOT comes before every path, PYTHON, PACKAGES, TRIES and the seconds replace what an instance uses.
set -Eeuo pipefail
umask 022

ROOT="${ROOT:-}"
PYTHON="${PYTHON:-python3.14}"
PACKAGES="${PACKAGES:-python3.14 amazon-cloudwatch-agent logrotate openssl}"
TRIES="${TRIES:-6}"
BOOT_SECONDS="${BOOT_SECONDS:-600}"
SIGNAL_SECONDS="${SIGNAL_SECONDS:-100}"
HEALTH_SECONDS="${HEALTH_SECONDS:-120}"
SETTLE_SECONDS="${SETTLE_SECONDS:-25}"
METADATA=http://169.254.169.254/latest
export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=5 AWS_PAGER=

STEP=settings
REASON=
LINE=0
INSTANCE=
DEADLINE="$BOOT_SECONDS"

say() { echo "boot: $*"; }

# limited SECONDS COMMAND...: for at most so long, and until the deadline.
limited() {
  local most="$1" left=$((DEADLINE - SECONDS))
  shift
  timeout "$((left < 1 ? 1 : left < most ? left : most))" "$@"
}

# retry COMMAND...: with pauses of 1, 2, 4 and so on seconds, TRIES tries, and until the deadline.
retry() {
  local try=1 pause=1
  until "$@"; do
    if ((try >= TRIES || SECONDS >= DEADLINE)); then
      say "gave up after $try tries: $1"
      return 1
    fi
    sleep "$pause"
    try=$((try + 1))
    pause=$((pause * 2))
  done
}

metadata() {
  local token
  token="$(curl -sSf --noproxy '*' -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$METADATA/api/token")" || return 1
  curl -sSf --noproxy '*' -m 5 -H "X-aws-ec2-metadata-token: $token" "$METADATA/meta-data/$1"
}

signal_once() {
  limited 60 aws cloudformation signal-resource --region "$REGION" --stack-name "$STACK_NAME" \
    --logical-resource-id "$SIGNAL_RESOURCE" --unique-id "$INSTANCE" --status "$1"
}

signal() {
  DEADLINE=$((SECONDS + SIGNAL_SECONDS))
  retry signal_once "$1"
}

# The instance will be gone before anyone can log in, and a signal has no room for a reason: the log group gets it.
report() {
  local stream="$INSTANCE/boot" event
  event="$(printf '[{"timestamp":%s,"message":"{\\"level\\":\\"ERROR\\",\\"message\\":\\"boot failed\\",\\"step\\":\\"%s\\",\\"line\\":%d,\\"status\\":%d,\\"reason\\":\\"%s\\"}"}]' \
    "$(date +%s%3N)" "$STEP" "$LINE" "$1" "$REASON")"
  limited 20 aws logs create-log-stream --region "$REGION" --log-group-name "$LOG_GROUP" --log-stream-name "$stream" || say "no stream"
  limited 20 aws logs put-log-events --region "$REGION" --log-group-name "$LOG_GROUP" --log-stream-name "$stream" \
    --log-events "$event" >/dev/null || say "the reason could not be logged"
}

ended() {
  local status=$?
  trap - ERR EXIT
  set +e
  ((status == 0)) && return
  say "failed in step $STEP, line $LINE, status $status. $REASON"
  if [[ -n "$INSTANCE" ]]; then
    signal FAILURE
    report "$status"
  fi
  exit "$status"
}
trap 'LINE=$LINENO' ERR
trap ended EXIT

install_packages() {
  local missing=() package
  for package in $PACKAGES; do
    rpm --quiet -q "$package" || missing+=("$package")
  done
  if ((${#missing[@]})); then
    REASON="Not installed: ${missing[*]}. The repositories are out of reach, or an old image lacks them: then set WebImageId to a newer one."
    retry limited 300 dnf install -y --setopt=install_weak_deps=False "${missing[@]}"
    REASON=
  fi
}

# The key ends in the digest of what the zip holds (every path with the SHA-256 of its bytes), and that is checked: what runs
# is what the template names, whoever may write to the bucket.
unpack() {
  limited 120 "$PYTHON" - "$1" "$2" "$3" <<'END'
import hashlib, sys, zipfile

archive, digest, folder = sys.argv[1:]
total = hashlib.sha256()
with zipfile.ZipFile(archive) as content:
    for path in sorted(content.namelist()):
        total.update(f"{path}\0{hashlib.sha256(content.read(path)).hexdigest()}\n".encode())
    if total.hexdigest() != digest:
        sys.exit("boot: the artifact does not hold what its key says")
    content.extractall(folder)
END
}

fetch_release() {
  local digest releases="$ROOT/opt/payments/releases" fresh
  digest="$(basename "$ARTIFACT_KEY" .zip)"
  RELEASE="$releases/$digest"
  [[ -d "$RELEASE" ]] && return
  mkdir -p "$releases"
  fresh="$(mktemp -d "$releases/.fresh.XXXXXX")"
  retry limited 120 aws s3 cp "s3://$ARTIFACT_BUCKET/$ARTIFACT_KEY" "$fresh/artifact.zip" --region "$REGION" --only-show-errors
  unpack "$fresh/artifact.zip" "$digest" "$fresh/content"
  chmod 0755 "$fresh/content"
  # In one step, so that a release that is there is whole.
  mv -T "$fresh/content" "$RELEASE"
  rm -r "$fresh"
}

# -k as the load balancer does it: the certificate is the service's own, made a moment ago, and the way stays on this machine.
wait_for_health() {
  local until=$((SECONDS + HEALTH_SECONDS))
  until=$((until < DEADLINE ? until : DEADLINE))
  until curl -sSfk --noproxy '*' -m 5 -o /dev/null "https://127.0.0.1:$PORT/health"; do
    if ((SECONDS >= until)); then
      say "not healthy after $HEALTH_SECONDS seconds"
      return 1
    fi
    sleep 2
  done
}

# The load balancer looks every few seconds and wants two good answers: the next instance should not leave before that.
settle() {
  sleep "$SETTLE_SECONDS"
  wait_for_health
}

# A stack waits for signals while it is created or updated. An instance that starts between two deployments, because the group
# scales or replaces one, has nobody to tell.
signal_success() {
  local answer
  DEADLINE=$((SECONDS + SIGNAL_SECONDS))
  if answer="$(signal_once SUCCESS 2>&1)"; then
    return
  fi
  if [[ "$answer" == *"cannot be signaled"* ]]; then
    say "no deployment waits for a signal"
    return
  fi
  say "$answer"
  signal SUCCESS
}

# First of all who we are, since without that there is no signal.
STEP=metadata
INSTANCE="$(retry metadata instance-id)"
STEP=settings
: "${REGION:?}" "${ARTIFACT_BUCKET:?}" "${ARTIFACT_KEY:?}" "${STACK_NAME:?}" "${SIGNAL_RESOURCE:?}" "${DB_SECRET_ARN:?}"
: "${LOG_GROUP:?}" "${ENVIRONMENT:?}" "${PORT:?}" "${METRICS_NAMESPACE:?}"
STEP=packages
install_packages
STEP=artifact
fetch_release
STEP=install
limited 300 bash "$RELEASE/payments/system/install.sh"
STEP=health
wait_for_health
settle
STEP=signal
signal_success
say "done"
