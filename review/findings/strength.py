"""Every finding on the strength of a change: its code, its pair of sentences, its verdict and its reason.

R4xx are changes of strength. Each has one sentence for a change that makes the platform weaker (or permissions and networks
broader) and one for the opposite; the label says which it is. R5xx are changes that interrupt.
"""

from __future__ import annotations

from review.findings.finding import Label, ReviewFinding, Verdict

_VALUES = "{property} {before} -> {after}"


def _weaker(code: str, subject: str, reason: str, verdict: Verdict, source_url: str = "") -> ReviewFinding:
    """A finding of which the sentences are ``weaker …`` and ``stronger …``."""
    return _pair(code, subject, reason, verdict, source_url, Label.WEAKER)


def _broader(code: str, subject: str, reason: str, verdict: Verdict, source_url: str = "") -> ReviewFinding:
    """A finding of which the sentences are ``broader …`` and ``narrower …``."""
    return _pair(code, subject, reason, verdict, source_url, Label.BROADER)


def _pair(code: str, subject: str, reason: str, verdict: Verdict, source_url: str, label: Label) -> ReviewFinding:
    return ReviewFinding(
        code=code,
        sentence=f"{label} {subject}: {_VALUES}",
        reverse=f"{label.opposite} {subject}: {_VALUES}",
        reason=reason,
        verdict=verdict,
        label=label,
        source_url=source_url,
    )


# ---- data -----------------------------------------------------------------------------------------------------------

ENCRYPTION = _weaker(
    "R401",
    "encryption",
    "Data at rest loses its encryption, or gets the key of AWS in place of a key of your own. Only your own key has a policy "
    "that you can restrict, and a log of its use.",
    Verdict.BLOCKED,
    "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-mgmt",
)
BACKUP = _weaker(
    "R402",
    "backup",
    "Backups stop, cover less, or are kept for a shorter time. A shorter time deletes backups that exist, so the reversal "
    "does not bring them back.",
    Verdict.BLOCKED,
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html",
)
POINT_IN_TIME_RECOVERY = _weaker(
    "R403",
    "point-in-time recovery",
    "The data can no longer be restored to a second of your choice, or not as far back. To switch it on again starts a new "
    "history.",
    Verdict.BLOCKED,
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html",
)
VERSIONING = _weaker(
    "R404",
    "versioning",
    "A write or a deletion no longer keeps what was there before, so a mistake or an attacker destroys data.",
    Verdict.BLOCKED,
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
)
AUDIT_TRAIL = _weaker(
    "R405",
    "audit trail",
    "The record of who did what is deleted, stopped, or limited to fewer regions or accounts. What happens in the meantime "
    "can never be found out.",
    Verdict.BLOCKED,
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
)
EXPOSURE = _broader(
    "R406",
    "public exposure",
    "The resource can be reached from the internet, or by everybody, and was not before.",
    Verdict.BLOCKED,
)
DELETION_PROTECTION = _weaker(
    "R407",
    "deletion protection",
    "One call or one mistake in a later template is enough to delete the resource.",
    Verdict.LOOK,
)
DELETION_POLICY = _weaker(
    "R408",
    "deletion policy",
    "The resource holds data, identity or evidence. A later change that removes or replaces it keeps less of it.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html",
)

# ---- network --------------------------------------------------------------------------------------------------------

PORTS = _broader(
    "R409",
    "ports",
    "A rule lets traffic pass that no rule of this resource let pass before.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
WORLD = _broader(
    "R410",
    "ports to the world",
    "A rule lets everybody on the internet reach a port that is neither 80 nor 443.",
    Verdict.BLOCKED,
    "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
REACH = _broader(
    "R411",
    "network reach",
    "Traffic gets a way into or out of the network that it did not have: a route, a gateway, a security group, a public "
    "address, or a service that leaves the VPC.",
    Verdict.LOOK,
)
CORS = _broader(
    "R412",
    "cross-origin access",
    "Scripts of more web pages can call the resource with the browser of a user.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html",
)

# ---- who and how ----------------------------------------------------------------------------------------------------

AUTHORISATION = _weaker(
    "R413",
    "authorisation",
    "A caller has to prove less before the resource answers, or more callers may try.",
    Verdict.LOOK,
)
SIGN_IN = _weaker(
    "R414",
    "sign-in",
    "Passwords, second factors or sessions protect accounts less.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/cognito/latest/developerguide/security.html",
)
TLS = _weaker(
    "R415",
    "encryption in transit",
    "Connections may be unencrypted, use an older version of TLS, or trust a peer that they do not check.",
    Verdict.LOOK,
)
REQUEST_CHECKS = _weaker(
    "R416",
    "checks of requests and responses",
    "Malformed requests reach the code behind, or browsers lose an instruction that protects users.",
    Verdict.LOOK,
)
WEB_FILTER = _weaker(
    "R417",
    "web filter",
    "A web ACL or a firewall filters less: a rule is gone, counts where it blocked, or allows more.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/waf/latest/developerguide/web-acl.html",
)
INSTANCE_METADATA = _weaker(
    "R418",
    "instance metadata",
    "Software that is tricked into a request can read the credentials of its instance. IMDSv2 needs a session token that "
    "such a request does not have.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
)
ISOLATION = _weaker(
    "R419",
    "isolation",
    "Code gets more rights on the machine or container that runs it, so a break-in reaches further.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html",
)
INTEGRITY = _weaker(
    "R420",
    "integrity",
    "A changed artifact, log file or answer is no longer noticed: signatures, immutability or validation are off.",
    Verdict.LOOK,
)
PATCHING = _weaker(
    "R421",
    "patching",
    "Updates of the engine or the operating system, which close known holes, come later or not at all.",
    Verdict.LOOK,
)
DATA_PROTECTION = _weaker(
    "R422",
    "data protection",
    "Logs may hold the content of requests, such as card data or credentials, which was masked or left out before.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/mask-sensitive-log-data.html",
)

# ---- who notices ----------------------------------------------------------------------------------------------------

LOGGING = _weaker(
    "R423",
    "logging",
    "Fewer events are logged, traced or measured.",
    Verdict.LOOK,
)
RETENTION = _weaker(
    "R424",
    "retention",
    "Data, logs or messages are deleted sooner. What is older than the new time is gone soon after the execution.",
    Verdict.LOOK,
)
LOCK = _weaker(
    "R425",
    "lock",
    "What had to be kept can be deleted or overwritten, because a lock or its time is gone.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
)
ALARMS = _weaker(
    "R426",
    "alarms",
    "An operator learns later, or not at all, that something goes wrong.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
)
CONFIG_RULES = _weaker(
    "R427",
    "compliance rules",
    "A rule that checks resources is gone, checks less, or checks less often.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config.html",
)
DETECTION = _weaker(
    "R428",
    "threat detection",
    "A service that looks for attacks, vulnerabilities or exposed data looks at less, or its findings are suppressed.",
    Verdict.LOOK,
)

# ---- operation ------------------------------------------------------------------------------------------------------

ROTATION = _weaker(
    "R429",
    "rotation",
    "A key or a secret stays valid for longer, so a stolen one does too.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html",
)
LIMITS = _weaker(
    "R430",
    "concurrency and limits",
    "A function loses the capacity that was reserved for it, or a limit that protects what is behind is higher or gone.",
    Verdict.LOOK,
)
AVAILABILITY = _weaker(
    "R431",
    "availability",
    "Fewer zones, replicas, instances or checks, so a failure is felt.",
    Verdict.LOOK,
)
REPLICATION = _weaker(
    "R432",
    "replication",
    "A copy in another region, account or bucket is no longer kept.",
    Verdict.LOOK,
)
DEAD_LETTERS = _weaker(
    "R433",
    "dead letters",
    "An event that cannot be processed is dropped, tried less often, or blocks those behind it.",
    Verdict.LOOK,
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
)

# ---- unknown --------------------------------------------------------------------------------------------------------

MAY_BE_WEAKER = ReviewFinding(
    code="R499",
    sentence=f"may be weaker: {_VALUES}",
    reverse=f"may be stronger: {_VALUES}",
    reason=(
        "The property matters for security or availability, but the review cannot order the two values: one is known only "
        "while deploying, or only a person can say which is stronger."
    ),
    verdict=Verdict.LOOK,
    label=Label.WEAKER,
)

# ---- interruption ---------------------------------------------------------------------------------------------------

INTERRUPTS = ReviewFinding(
    code="R501",
    sentence="interrupts: {properties}",
    reason=(
        "CloudFormation's reference says of these properties that an update needs some interruption: the resource restarts, "
        "fails over, or is out of service for a while."
    ),
    verdict=Verdict.LOOK,
    source_url=(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html"
        "#update-some-interrupt"
    ),
)

FINDINGS = (
    ENCRYPTION,
    BACKUP,
    POINT_IN_TIME_RECOVERY,
    VERSIONING,
    AUDIT_TRAIL,
    EXPOSURE,
    DELETION_PROTECTION,
    DELETION_POLICY,
    PORTS,
    WORLD,
    REACH,
    CORS,
    AUTHORISATION,
    SIGN_IN,
    TLS,
    REQUEST_CHECKS,
    WEB_FILTER,
    INSTANCE_METADATA,
    ISOLATION,
    INTEGRITY,
    PATCHING,
    DATA_PROTECTION,
    LOGGING,
    RETENTION,
    LOCK,
    ALARMS,
    CONFIG_RULES,
    DETECTION,
    ROTATION,
    LIMITS,
    AVAILABILITY,
    REPLICATION,
    DEAD_LETTERS,
    MAY_BE_WEAKER,
    INTERRUPTS,
)
"""All findings on strength and interruption, sorted by code."""
