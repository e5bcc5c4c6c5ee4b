"""The ways into the emulator, for patches, resources and instances. All of it runs in the emulator's process.

- ``internals`` reaches into ministack's modules and fails by name if one has changed;
- ``api`` calls the emulator's services through their public API;
- ``properties`` reads the properties that a template gives a resource;
- ``resource_types`` adds a type that the emulator's CloudFormation lacks, or completes one;
- ``records`` keeps what has no service behind it;
- ``permissions`` asks what policies allow.
"""
