"""What an instance of the landed version is filled with. Imported with that version's code, by `populate.py` alone."""
