"""Tiers that both platforms have. Each module is a template: ``build(platform, …) -> TierTemplate``.

What differs between platforms (keys, network plan, log filters) is an argument of ``build``; ``key_rows`` helps to write it.
"""
