"""Creates and upgrades the schema of the payments database and its application user, as a custom resource."""
