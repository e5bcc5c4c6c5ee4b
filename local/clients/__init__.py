"""Clients of the deployed platforms: they reach a platform as its users do, and nothing behind its back.

- ``trading`` and ``transactions`` are a client of each platform, and the steps that the demo shows and end-to-end tests check;
- ``api`` calls a REST API of API Gateway, ``edge`` what has a host name: distributions and load balancers;
- ``principals`` are those of the account that assume a platform's roles;
- ``answer`` is what all of them share.
"""
