"""What a plan is: frozen values, and the files that hold them.

- ``model`` has the values: stacks, their resources, templates and parameters, and the change set.
- ``codec`` turns frozen values into JSON and back. ``plan_file`` reads and writes a plan, ``approval`` the record beside it.
- ``offline`` makes a plan of two template sets, without AWS.
"""
