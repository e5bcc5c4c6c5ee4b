"""The plan: the account is asked, the change set is created, the deployed stacks are read."""
