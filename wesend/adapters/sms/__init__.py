"""Gateways of SMS, a module each; `types` lists those that an operator can set up."""
