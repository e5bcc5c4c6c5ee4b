"""IAM: statements named by intent, and the roles and policies that consist of them.

- ``statements``  what a principal may do (``read_objects``, ``consume_queue``);
- ``denials``     what no principal may do, for the policies of resources;
- ``roles``       one customer-managed policy for each role, and the denial of ``regions`` on all roles;
- ``arns``        ARNs of resources that a template knows by name only.
"""
