"""What a dialect declares of itself for `/docs`: its operations, their answers and refusals, and how they are tried."""
