"""What every web request passes: sessions, addresses, logs, metrics, health."""
