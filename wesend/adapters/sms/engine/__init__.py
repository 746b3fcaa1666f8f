"""SMS vendors as data: one engine sends, reads answers and receipts, asks, and knows the balance, as a file describes."""
