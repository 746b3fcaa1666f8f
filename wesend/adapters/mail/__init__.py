"""Outward adapters of e-mail: on the contract of `adapters/sms/base.py`, with a finished message in ``mime``."""
