"""The binds of customers' SMPP clients: what their keys allow, which are open, and what waits to be delivered to them."""
