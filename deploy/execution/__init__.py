"""Execution: an approved plan becomes a deployed stack; a stack is read or deleted.

In: a ``Plan`` and its ``Approval``, or the name of a stack. Out: an ``Outcome``, outputs, or a ``DestroyResult``.

- ``staleness`` checks how far the plan is executed, and that nothing changed since.
- ``execute`` starts the change set and applies stack policy and termination protection; ``watch`` follows the events.
- ``interruption`` says what Ctrl-C leaves.
- ``outputs`` reads the outputs.
- ``destroy`` deletes a stack; ``remaining`` finds what still exists, also of a stack that is ``deleted`` already.

It must not execute anything but the change set that was approved: another digest, another stack state or another template
rejects the plan. It must not delete a stack that a row of deployment.json protects.

The design costs a second plan and approval whenever a stack changes in between, even by hand. The return is that no
command deploys a change that nobody allowed.
"""
