"""Runs outside security packs over the templates, and compares what they report with what this project has decided.

``make packs`` installs the packs into environments of their own. Every finding must be suppressed in its resource's
metadata, with a reason, or have a row in docs/security-packs.md that says why the rule misreads the template. A suppression
or a row to which no finding belongs is an error too, and so is the id of a rule that the pack does not have.

========== ==========================================================================================================
forms      the templates as committed, and with the parameters of each environment
results    what a pack reports
checkov, cdk_nag, cfn_guard   one module for each pack: how it runs, and how its report becomes findings
decisions  the suppressions of the templates, and the rows of the page
judgement  what is neither suppressed nor listed, and what is suppressed or listed in vain
command    the command line
========== ==========================================================================================================
"""
