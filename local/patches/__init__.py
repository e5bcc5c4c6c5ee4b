"""Patches for gaps in the emulator, one module each. ``local.launch.application`` installs them, in the emulator's process.

A module names its gap in the first lines and has one function ``install``. ``filter_patterns`` is no patch: it is the
language of CloudWatch Logs filters, which ``log_events`` needs.
"""
