"""Assembly: from the tiers of any platform to the files of its template set. It imports the type ``Platform``, but no platform.

- ``root``     derives the root template from what the tiers use and export;
- ``faults``   finds tiers that do not fit together;
- ``naming``   checks names and their length, ``limits`` CloudFormation's quotas;
- ``emit``     writes templates as ordered, byte-stable YAML or JSON;
- ``command``  the commands of generate.py.
"""
