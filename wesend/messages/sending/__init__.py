"""From a request to stored, paid messages: compose, price, accept, and actions on them."""
