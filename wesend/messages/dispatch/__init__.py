"""From the queue to a gateway: claim, submit, settle, failover."""
