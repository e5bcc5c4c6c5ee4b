"""What looks after the project itself: it is no part of what we generate, deploy, check, emulate or measure.

A package of its own, because each of the others has one subject: the gate's is templates and parameters, and a list of old
pins is neither a finding nor a bench. Only ``rules_page`` imports some of them, because it lists their rules.
"""
