"""The resource types that the emulator's CloudFormation lacks or has only in part, by group of services.

Each module offers tables by resource type: ``NEW_TYPES``, ``REPLACED_TYPES``, ``SUPPLEMENTS``. ``autoscaling`` and ``rds``
replace a handler by one that runs instances or servers.
"""
