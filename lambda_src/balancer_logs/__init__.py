"""Brings the load balancer's access log, which only S3 can receive, into a log group: one JSON event for each line."""
