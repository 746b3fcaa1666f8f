"""Outward adapters of e-mail: on the contract of `gateways/sms/base.py`, with a finished message in ``mime``."""
