"""Campaigns as people write them at the dashboard."""
