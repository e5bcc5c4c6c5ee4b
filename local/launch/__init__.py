"""The emulator's process: how it is started, what it serves, and what a destroy must leave as it was.

- ``emulator`` has the command and the environment of the process, and its main function;
- ``application`` assembles what the process serves: ministack with all patches, resource types and instances;
- ``leftovers`` lists what exists now and did not at the start.
"""
