"""Assembly: from the tiers of any platform to the files of its template set. Knows ``Platform``, and no platform.

- ``root``     derives the root template from what the tiers use and export;
- ``naming``   names, suffix and length limits; ``limits`` CloudFormation's quotas;
- ``emit``     writes templates as ordered, byte-stable YAML or JSON;
- ``command``  the command line of generate.py.
"""
