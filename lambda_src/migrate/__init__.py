"""Creates and upgrades the database schema, its users and their rights, as a custom resource."""
