"""What serves HTTP behind CloudFront and the load balancer.

- ``host_routing`` leads requests for distributions and load balancers to them; ``origin_tls`` lets CloudFront reach a load
  balancer by HTTPS, ``target_tls`` a load balancer its targets; ``target_health`` checks the targets;
- ``edge_logs`` and ``balancer_logs`` write access logs;
- ``schedule`` scales groups at the times of their scheduled actions;
- ``fleet`` runs the instances of Auto Scaling groups, ``refresh`` replaces them; ``instances`` boots one as a process from what
  its ``launch_template`` and its ``release`` say; ``log_shipper`` ships its log, ``signals`` waits for its signal.
"""
