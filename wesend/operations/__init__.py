"""What keeps an instance running: backup and restore, pausing, retention, alerts, figures of what was sent."""
