"""Tiers of both platforms. Each module builds one template: ``build(platform, …) -> TierTemplate``.

What differs between platforms (keys, network plan, log filters) is an argument of ``build``. ``key_rows`` creates rows for it.
"""
