"""What filters requests and packets: web ACLs, firewalls of the network and of names, and countries."""

from __future__ import annotations

from review.findings.strength import WEB_FILTER
from review.strength.grades import filters as grades
from review.strength.measures import (
    FLAG,
    Allows,
    Altered,
    Graded,
    Less,
    Levels,
    Members,
    Missing,
    Off,
    Present,
    Unordered,
)
from review.strength.order import EVERYBODY, NOBODY, Bounds
from review.strength.rows import Presence, Row, Without, table
from review.strength.values import UNKNOWN

_WEB_ACL = "AWS::WAFv2::WebACL"
_GROUPS = (_WEB_ACL, "AWS::WAFv2::RuleGroup")
_CLASSIC = ("AWS::WAF::WebACL", "AWS::WAFRegional::WebACL")
_CLASSIC_SETS = {
    "ByteMatchTuples": ("AWS::WAF::ByteMatchSet", "AWS::WAFRegional::ByteMatchSet"),
    "GeoMatchConstraints": ("AWS::WAFRegional::GeoMatchSet",),
    "IPSetDescriptors": ("AWS::WAF::IPSet", "AWS::WAFRegional::IPSet"),
    "RegexPatternStrings": ("AWS::WAFRegional::RegexPatternSet",),
    "SizeConstraints": ("AWS::WAF::SizeConstraintSet", "AWS::WAFRegional::SizeConstraintSet"),
    "SqlInjectionMatchTuples": ("AWS::WAF::SqlInjectionMatchSet", "AWS::WAFRegional::SqlInjectionMatchSet"),
    "XssMatchTuples": ("AWS::WAF::XssMatchSet", "AWS::WAFRegional::XssMatchSet"),
}
_DISTRIBUTION = "AWS::CloudFront::Distribution"
_FIREWALL_POLICY = "AWS::NetworkFirewall::FirewallPolicy"
_NAMES = "AWS::Route53Resolver::FirewallRuleGroup"
_SIZES = Levels(("KB_16", "KB_32", "KB_48", "KB_64"))

_RULES: tuple[Row, ...] = (
    *table(
        WEB_FILTER,
        (_GROUPS, "Rules/*", Graded(grades.rule_action, Bounds(0, 4))),
        without=Without.DEFAULT,
        shows=("Action", "OverrideAction"),
    ),
    *table(
        WEB_FILTER,
        ("AWS::WAFv2::WebACL", "DefaultAction", Graded(grades.default_action, FLAG)),
        (
            _WEB_ACL,
            ("RuleActionOverrides", "ExcludedRules"),
            Graded(grades.overridden_rules, Bounds(EVERYBODY, NOBODY)),
        ),
        (_GROUPS, "RateBasedStatement/Limit", Less()),
        (_GROUPS, "Rules/Statement", Graded(grades.statement_kind)),
        (_GROUPS, ("RateBasedStatement/EvaluationWindowSec", "RateBasedStatement/AggregateKeyType"), Altered()),
        (_GROUPS, "ScopeDownStatement", Missing()),
        (_WEB_ACL, "ManagedRuleGroupStatement/Version", Unordered()),
        (_WEB_ACL, ("ManagedRuleGroupStatement/Name", "RuleGroupReferenceStatement/Arn"), Altered()),
        (_WEB_ACL, "ManagedRuleGroupConfigs", Unordered()),
        (
            _GROUPS,
            (
                "Statement/AndStatement",
                "Statement/AsnMatchStatement",
                "Statement/ByteMatchStatement",
                "Statement/GeoMatchStatement",
                "Statement/IPSetReferenceStatement",
                "Statement/LabelMatchStatement",
                "Statement/NotStatement",
                "Statement/OrStatement",
                "Statement/RegexMatchStatement",
                "Statement/RegexPatternSetReferenceStatement",
                "Statement/SizeConstraintStatement",
                "Statement/SqliMatchStatement",
                "Statement/XssMatchStatement",
            ),
            Altered(),
        ),
        (_GROUPS, "Rules/Priority", Unordered()),
        ("AWS::WAFv2::WebACL", "DefaultSizeInspectionLimit", _SIZES),
        ("AWS::WAFv2::WebACL", "TokenDomains", Allows()),
        (
            "AWS::WAFv2::WebACL",
            "OnSourceDDoSProtectionConfig/ALBLowReputationMode",
            Levels(("", "ACTIVE_UNDER_DDOS", "ALWAYS_ON")),
        ),
        ("AWS::WAFv2::WebACLAssociation", ("WebACLArn", "ResourceArn"), Unordered()),
        ("AWS::WAFv2::IPSet", "Addresses", Unordered()),
        ("AWS::WAFv2::RegexPatternSet", "RegularExpressionList", Unordered()),
        # The older web ACLs
        (_CLASSIC, "DefaultAction/Type", Levels(("ALLOW", "COUNT", "BLOCK"))),
        ("AWS::WAFRegional::RateBasedRule", "RateLimit", Less()),
        (("AWS::WAF::Rule", "AWS::WAFRegional::Rule"), "Predicates", Unordered()),
        # Load balancers and distributions
        (_DISTRIBUTION, "DistributionConfig/WebACLId", Present()),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes/waf.fail_open.enabled", Off()),
        (_DISTRIBUTION, "GeoRestriction", Graded(grades.countries, Bounds(grades.EVERYWHERE, UNKNOWN))),
        # Network Firewall
        (
            _FIREWALL_POLICY,
            ("StatelessDefaultActions", "StatelessFragmentDefaultActions"),
            Graded(grades.packet_action, Bounds(0, 2)),
        ),
        (_FIREWALL_POLICY, "StatefulDefaultActions", Members()),
        (_FIREWALL_POLICY, ("StatefulRuleGroupReferences", "StatelessRuleGroupReferences"), Members()),
        (_FIREWALL_POLICY, "StatefulRuleGroupReferences/Override", Missing()),
        (_FIREWALL_POLICY, "StreamExceptionPolicy", Levels(("CONTINUE", "DROP|REJECT"), absent="DROP")),
        (_FIREWALL_POLICY, ("TLSInspectionConfigurationArn", "EnableTLSSessionHolding"), Present()),
        ("AWS::NetworkFirewall::Firewall", "FirewallPolicyArn", Unordered()),
        ("AWS::NetworkFirewall::RuleGroup", ("RulesSource", "RuleVariables"), Unordered()),
        (
            "AWS::NetworkFirewall::TLSInspectionConfiguration",
            ("RevokedStatusAction", "UnknownStatusAction"),
            Levels(("PASS", "DROP|REJECT")),
        ),
        # Names
        (_NAMES, "FirewallRules/Action", Levels(("ALLOW", "ALERT", "BLOCK"))),
        (_NAMES, "FirewallDomainListId", Unordered()),
        ("AWS::Route53Resolver::FirewallDomainList", ("Domains", "DomainFileUrl"), Unordered()),
        ("AWS::Route53Resolver::FirewallRuleGroupAssociation", "MutationProtection", Levels(("DISABLED", "ENABLED"))),
        (
            "AWS::Route53GlobalResolver::DnsView",
            "FirewallRulesFailOpen",
            Levels(("ENABLED", "DISABLED"), absent="DISABLED"),
        ),
        ("AWS::Route53GlobalResolver::FirewallRule", "Action", Levels(("ALLOW", "ALERT", "BLOCK"))),
        ("AWS::SES::ReceiptFilter", "IpFilter/Policy", Levels(("Allow", "Block"))),
    ),
    *table(
        WEB_FILTER,
        (_CLASSIC, "Rules/Action/Type", Levels(("ALLOW", "COUNT", "BLOCK"))),
        (_CLASSIC, "Rules", Members()),
        *((types, path, Unordered()) for path, types in _CLASSIC_SETS.items()),
    ),
)

ROWS: tuple[Row, ...] = _RULES

PRESENCES: tuple[Presence, ...] = (
    Presence(
        (
            "AWS::NetworkFirewall::Firewall",
            "AWS::NetworkFirewall::RuleGroup",
            "AWS::NetworkFirewall::TLSInspectionConfiguration",
            "AWS::NetworkFirewall::VpcEndpointAssociation",
            "AWS::Route53Resolver::FirewallRuleGroup",
            "AWS::Route53Resolver::FirewallRuleGroupAssociation",
            "AWS::SES::ReceiptFilter",
            "AWS::WAF::WebACL",
            "AWS::WAFRegional::WebACL",
            "AWS::WAFRegional::WebACLAssociation",
            "AWS::WAFv2::RuleGroup",
            "AWS::WAFv2::WebACL",
            "AWS::WAFv2::WebACLAssociation",
            "AWS::WorkSpacesWeb::IpAccessSettings",
        ),
        WEB_FILTER,
    ),
)
