"""What is told of messages: lists, search, reports, timelines."""
