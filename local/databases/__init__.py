"""Real servers behind the emulator's RDS: one for each database cluster.

- ``postgres`` runs PostgreSQL for Aurora PostgreSQL, ``postgres_proxy`` adds TLS and IAM authentication in front of it;
- ``mariadb`` runs MariaDB for Aurora MySQL, ``mysql_clusters`` keeps one for each cluster.
"""
