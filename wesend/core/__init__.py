"""What everything else stands on: values and rules without a database, a gateway or a request."""
