"""Custom resources that tidy up what CloudFormation cannot: buckets, the default security group, entitlements."""
