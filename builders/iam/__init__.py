"""IAM: statements named by intent, and the roles and policies that are made of them.

- ``statements``  what a principal may do (``read_objects``, ``consume_queue``);
- ``denials``     what nobody may, for the policies of resources;
- ``roles``       one customer-managed policy for each role, and the denial of ``regions`` on all of them;
- ``arns``        ARNs of resources that are known by name.
"""
