"""Gateways of mobile money, a module each; `types` lists those that an operator can set up."""
