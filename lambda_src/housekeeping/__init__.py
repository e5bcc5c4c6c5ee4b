"""Custom resources for what CloudFormation cannot do: empty buckets, close the default security group, entitle keys."""
