"""The edge tier of transactions: CloudFront for load balancer and static bucket, its web ACL, and its log.

All of it must be in us-east-1, where CloudFront finds web ACLs and certificates. A rule of the root checks it.
"""

from __future__ import annotations

import json
from typing import Any

from awacs.aws import Allow, Principal, Statement, StringEquals
from awacs.s3 import GetObject
from troposphere import Equals, GetAtt, If, Join, Not, NoValue, Ref, Sub
from troposphere.cloudfront import (
    CacheBehavior,
    CacheCookiesConfig,
    CacheHeadersConfig,
    CachePolicy,
    CachePolicyConfig,
    CacheQueryStringsConfig,
    ContentSecurityPolicy,
    ContentTypeOptions,
    CustomOriginConfig,
    DefaultCacheBehavior,
    Distribution,
    DistributionConfig,
    FrameOptions,
    Origin,
    OriginAccessControl,
    OriginAccessControlConfig,
    OriginCustomHeader,
    ParametersInCacheKeyAndForwardedToOrigin,
    ReferrerPolicy,
    RemoveHeader,
    RemoveHeadersConfig,
    ResponseHeadersPolicy,
    ResponseHeadersPolicyConfig,
    S3OriginConfig,
    SecurityHeadersConfig,
    StrictTransportSecurity,
    ViewerCertificate,
)
from troposphere.logs import Delivery, DeliveryDestination, DeliverySource, ResourcePolicy
from troposphere.wafv2 import WebACL

from builders.contract import parameters, ports
from builders.contract.names import bucket_name_text
from builders.contract.template import TierTemplate
from builders.iam import arns, statements
from builders.parts import firewall, pack_rules
from builders.parts.buckets import BuiltBucket, add_bucket, lifecycle
from builders.parts.logs import add_log_group
from builders.parts.suppressions import suppress
from builders.transactions import facts, origin_header

STATIC_PATH = "static/*"
BODIES_PASS = (
    "The description of a payment is free text, in which the rules may find an attack, and a blocked payment stays blocked at "
    "every retry; the service refuses bodies above 16 KiB with a reason, checks each field and binds each value"
)
"""Why WAF blocks no body here."""
# Managed policies, the same ids in every account:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
EVERY_METHOD = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
# Logged fields of a request. Query, cookies and referrer are not logged, because they may contain personal data.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
LOG_FIELDS = [
    "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status",
    "cs(User-Agent)", "x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol", "cs-bytes", "time-taken",
    "x-forwarded-for", "ssl-protocol", "ssl-cipher", "x-edge-response-result-type", "cs-protocol-version", "c-port",
    "time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len",
]  # fmt: skip
DAY_SECONDS = 24 * 3600


def build(platform: str) -> TierTemplate:
    """Builds static bucket, web ACL, distribution and log."""
    template = TierTemplate(platform, "CloudFront with its web ACL and its log, and the bucket of static assets.")
    template.add_condition(facts.HAS_CERTIFICATE, Not(Equals(template.use(parameters.CERTIFICATE), "")))
    bucket = add_static_bucket(template)
    distribution = add_distribution(template, bucket, firewall.add_edge_web_acl(template, bodies_pass=BODIES_PASS))
    add_log(template, distribution)
    template.export(ports.STATIC_BUCKET, bucket.name)
    template.export(ports.DISTRIBUTION_ID, Ref(distribution))
    domain = GetAtt(distribution, "DomainName")
    template.export(ports.DISTRIBUTION_DOMAIN, domain)
    template.export(
        ports.WEB_URL, Join("", ["https://", If(facts.HAS_CERTIFICATE, template.use(parameters.DOMAIN_NAME), domain)])
    )
    return template


def add_static_bucket(template: TierTemplate) -> BuiltBucket:
    """Adds the bucket behind origin access control. Of all principals outside the account, only this distribution reads it.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    name = bucket_name_text(template.platform, facts.STATIC_BUCKET)
    read_statement = Statement(
        Sid="DistributionReads",
        Effect=Allow,
        Principal=Principal("Service", ["cloudfront.amazonaws.com"]),
        Action=[GetObject],
        Resource=[arns.bucket(f"{name}/{STATIC_PATH}")],
        Condition=statements.all_of(StringEquals("aws:SourceArn", _arn())),
    )
    return add_bucket(
        template,
        "StaticBucket",
        facts.STATIC_BUCKET,
        key=template.use(ports.DATA_KEY),
        log_bucket=template.use(ports.ACCESS_LOG_BUCKET),
        rules=lifecycle(glacier=False),
        grants=[read_statement],
    )


def _arn() -> Sub:
    return Sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}")


def add_distribution(template: TierTemplate, bucket: BuiltBucket, acl: WebACL) -> Distribution:
    """Adds the distribution. It caches static assets from the bucket, and nothing from the load balancer."""
    headers = add_response_headers(template)
    distribution = template.add(
        Distribution(
            "Distribution",
            DistributionConfig=DistributionConfig(
                Enabled=True,
                Comment=template.named("edge"),
                HttpVersion="http2and3",
                IPV6Enabled=True,
                PriceClass="PriceClass_100",
                WebACLId=GetAtt(acl, "Arn"),
                Aliases=If(facts.HAS_CERTIFICATE, [template.use(parameters.DOMAIN_NAME)], NoValue),
                ViewerCertificate=_certificate(template),
                Origins=[_balancer(template), _static(template, bucket)],
                DefaultCacheBehavior=_uncached(headers),
                CacheBehaviors=[_cached(headers, add_static_cache(template))],
            ),
        )
    )
    suppress(
        distribution,
        "CloudFront's standard log goes by delivery (version 2) to an encrypted log group below; the older kind needs a bucket "
        "with ACLs",
        **pack_rules.OLDER_EDGE_LOG,
    )
    suppress(
        distribution,
        "A deployment without certificate is for trials: its rule demands AllowPlaintextOrigin, which only dev sets",
        cfn_lint=["E9825"],
        **pack_rules.DEFAULT_CERTIFICATE,
    )
    suppress(
        distribution, "There is one load balancer (requirement X-ALB-1), in three zones", **pack_rules.ORIGIN_FAILOVER
    )
    return distribution


def _uncached(headers: ResponseHeadersPolicy) -> DefaultCacheBehavior:
    return DefaultCacheBehavior(
        TargetOriginId="balancer",
        ViewerProtocolPolicy="redirect-to-https",
        AllowedMethods=EVERY_METHOD,
        CachePolicyId=CACHING_DISABLED,
        OriginRequestPolicyId=ALL_VIEWER,
        ResponseHeadersPolicyId=Ref(headers),
        Compress=True,
    )


def _cached(headers: ResponseHeadersPolicy, cache: CachePolicy) -> CacheBehavior:
    return CacheBehavior(
        PathPattern=f"/{STATIC_PATH}",
        TargetOriginId="static",
        ViewerProtocolPolicy="redirect-to-https",
        AllowedMethods=["GET", "HEAD"],
        CachePolicyId=Ref(cache),
        ResponseHeadersPolicyId=Ref(headers),
        Compress=True,
    )


def _certificate(template: TierTemplate) -> ViewerCertificate:
    """TLS 1.2 and newer. With its own certificate, without a domain name, CloudFront applies a weaker policy of its own.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
    """
    return ViewerCertificate(
        AcmCertificateArn=If(facts.HAS_CERTIFICATE, template.use(parameters.CERTIFICATE), NoValue),
        CloudFrontDefaultCertificate=If(facts.HAS_CERTIFICATE, NoValue, True),
        MinimumProtocolVersion="TLSv1.2_2021",
        SslSupportMethod=If(facts.HAS_CERTIFICATE, "sni-only", NoValue),
    )


def _balancer(template: TierTemplate) -> Origin:
    """The load balancer as origin, over TLS if a certificate is given.

    CloudFront checks the certificate against the host name of the client's request, which it forwards.
    """
    return Origin(
        Id="balancer",
        DomainName=template.use(ports.BALANCER_DNS),
        CustomOriginConfig=CustomOriginConfig(
            HTTPPort=80,
            HTTPSPort=443,
            OriginProtocolPolicy=If(facts.HAS_CERTIFICATE, "https-only", "http-only"),
            OriginSSLProtocols=["TLSv1.2"],
            OriginReadTimeout=30,
            OriginKeepaliveTimeout=30,
        ),
        OriginCustomHeaders=[
            OriginCustomHeader(HeaderName=origin_header.HEADER, HeaderValue=origin_header.sent_value(template))
        ],
    )


def _static(template: TierTemplate, bucket: BuiltBucket) -> Origin:
    """The bucket as origin, by origin access control, which signs every read.

    The older origin access identity cannot read objects under customer keys.
    """
    control = template.add(
        OriginAccessControl(
            "StaticAccessControl",
            OriginAccessControlConfig=OriginAccessControlConfig(
                Name=template.named("static"),
                Description="CloudFront reads the static assets",
                OriginAccessControlOriginType="s3",
                SigningBehavior="always",
                SigningProtocol="sigv4",
            ),
        )
    )
    return Origin(
        Id="static",
        DomainName=GetAtt(bucket.bucket, "RegionalDomainName"),
        OriginAccessControlId=GetAtt(control, "Id"),
        S3OriginConfig=S3OriginConfig(OriginAccessIdentity=""),
    )


def add_static_cache(template: TierTemplate) -> CachePolicy:
    """Adds the cache policy of static assets.

    CloudFront caches them for a day unless they set another time, and by path only: cookies, headers and query do not count.
    """
    return template.add(
        CachePolicy(
            "StaticCachePolicy",
            CachePolicyConfig=CachePolicyConfig(
                Name=template.named("static-cache"),
                Comment="Static assets, by path alone",
                MinTTL=1,
                DefaultTTL=DAY_SECONDS,
                MaxTTL=365 * DAY_SECONDS,
                ParametersInCacheKeyAndForwardedToOrigin=ParametersInCacheKeyAndForwardedToOrigin(
                    CookiesConfig=CacheCookiesConfig(CookieBehavior="none"),
                    HeadersConfig=CacheHeadersConfig(HeaderBehavior="none"),
                    QueryStringsConfig=CacheQueryStringsConfig(QueryStringBehavior="none"),
                    EnableAcceptEncodingBrotli=True,
                    EnableAcceptEncodingGzip=True,
                ),
            ),
        )
    )


def add_response_headers(template: TierTemplate) -> ResponseHeadersPolicy:
    """Adds security headers on every response, whatever the origin sends.

    Source of the values: OWASP Secure Headers Project, https://owasp.org/www-project-secure-headers/
    """
    always: dict[str, Any] = {"Override": True}
    return template.add(
        ResponseHeadersPolicy(
            "SecurityHeaders",
            ResponseHeadersPolicyConfig=ResponseHeadersPolicyConfig(
                Name=template.named("security-headers"),
                Comment="Security headers on every answer",
                RemoveHeadersConfig=RemoveHeadersConfig(Items=[RemoveHeader(Header="Server")]),
                SecurityHeadersConfig=SecurityHeadersConfig(
                    ContentSecurityPolicy=ContentSecurityPolicy(
                        ContentSecurityPolicy="default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
                        **always,
                    ),
                    ContentTypeOptions=ContentTypeOptions(**always),
                    FrameOptions=FrameOptions(FrameOption="DENY", **always),
                    ReferrerPolicy=ReferrerPolicy(ReferrerPolicy="no-referrer", **always),
                    StrictTransportSecurity=StrictTransportSecurity(
                        AccessControlMaxAgeSec=365 * DAY_SECONDS, IncludeSubdomains=True, **always
                    ),
                ),
            ),
        )
    )


def add_log(template: TierTemplate, distribution: Distribution) -> None:
    """Adds CloudFront's access log, delivered to an encrypted log group with the platform's retention.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
    """
    group = add_log_group(template, "EdgeLogGroup", Sub(f"/aws/cloudfront/{template.name_text('edge')}"))
    policy = template.add(
        ResourcePolicy("EdgeLogPolicy", PolicyName=template.named("edge-log"), PolicyDocument=Sub(_delivery_policy()))
    )
    source = template.add(
        DeliverySource("EdgeLogSource", Name=template.named("edge"), LogType="ACCESS_LOGS", ResourceArn=_arn())
    )
    destination = template.add(
        DeliveryDestination(
            "EdgeLogDestination",
            DependsOn=policy,
            Name=template.named("edge"),
            DestinationResourceArn=arns.log_group(group),
            OutputFormat="json",
        )
    )
    template.add(
        Delivery(
            "EdgeLogDelivery",
            DeliverySourceName=Ref(source),
            DeliveryDestinationArn=GetAtt(destination, "Arn"),
            RecordFields=LOG_FIELDS,
        )
    )


def _delivery_policy() -> str:
    """Text of the policy that allows the delivery service to write to the group; CloudWatch Logs requires text.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html
    """
    here = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
    statement = {
        "Sid": "EdgeLogDelivery",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{here}:log-group:${{EdgeLogGroup}}:log-stream:*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            "ArnLike": {"aws:SourceArn": f"{here}:*"},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
