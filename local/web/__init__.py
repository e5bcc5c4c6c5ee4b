"""What serves HTTP behind CloudFront and the load balancer: instances as processes, target health, access logs, the door."""
