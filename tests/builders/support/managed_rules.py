"""The rules of the managed rule groups that the web ACLs use, as AWS documents them, in the order of the pages.

No public file lists them for machines; ``aws wafv2 describe-managed-rule-group`` does, with an account. AWS names each rule
after the part of a request that it inspects, so the rules of bodies end in ``_BODY``. A new version of a group may bring new
rules: the changelog tells (https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-changelog.html).

Sources, read in November 2026: aws-managed-rule-groups-ip-rep.html, aws-managed-rule-groups-baseline.html and
aws-managed-rule-groups-use-case.html under https://docs.aws.amazon.com/waf/latest/developerguide/.
"""

from __future__ import annotations

DOCUMENTED_RULES = {
    "AWSManagedRulesAmazonIpReputationList": [
        "AWSManagedIPReputationList",
        "AWSManagedReconnaissanceList",
        "AWSManagedIPDDoSList",
    ],
    "AWSManagedRulesCommonRuleSet": [
        "NoUserAgent_HEADER",
        "UserAgent_BadBots_HEADER",
        "SizeRestrictions_QUERYSTRING",
        "SizeRestrictions_Cookie_HEADER",
        "SizeRestrictions_BODY",
        "SizeRestrictions_URIPATH",
        "EC2MetaDataSSRF_BODY",
        "EC2MetaDataSSRF_COOKIE",
        "EC2MetaDataSSRF_URIPATH",
        "EC2MetaDataSSRF_QUERYARGUMENTS",
        "GenericLFI_QUERYARGUMENTS",
        "GenericLFI_URIPATH",
        "GenericLFI_BODY",
        "RestrictedExtensions_URIPATH",
        "RestrictedExtensions_QUERYARGUMENTS",
        "GenericRFI_QUERYARGUMENTS",
        "GenericRFI_BODY",
        "GenericRFI_URIPATH",
        "CrossSiteScripting_COOKIE",
        "CrossSiteScripting_QUERYARGUMENTS",
        "CrossSiteScripting_BODY",
        "CrossSiteScripting_URIPATH",
    ],
    "AWSManagedRulesKnownBadInputsRuleSet": [
        "JavaDeserializationRCE_HEADER",
        "JavaDeserializationRCE_BODY",
        "JavaDeserializationRCE_URIPATH",
        "JavaDeserializationRCE_QUERYSTRING",
        "Host_localhost_HEADER",
        "PROPFIND_METHOD",
        "ExploitablePaths_URIPATH",
        "Log4JRCE_HEADER",
        "Log4JRCE_QUERYSTRING",
        "Log4JRCE_BODY",
        "Log4JRCE_URIPATH",
        "ReactJSRCE_BODY",
    ],
    "AWSManagedRulesSQLiRuleSet": [
        "SQLi_QUERYARGUMENTS",
        "SQLiExtendedPatterns_QUERYARGUMENTS",
        "SQLi_BODY",
        "SQLiExtendedPatterns_BODY",
        "SQLiExtendedPatterns_HEADER",
        "SQLiExtendedPatterns_URIPATH",
        "SQLi_COOKIE",
        "SQLi_URIPATH",
    ],
}
"""Rule group → its rules."""
