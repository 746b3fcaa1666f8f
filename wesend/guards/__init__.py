"""What keeps a stolen key, a mistake or a fraud from sending: off or generous until somebody sets it."""
