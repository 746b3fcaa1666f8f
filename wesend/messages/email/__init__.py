"""E-mail: composed, turned into MIME, its opens and clicks."""
