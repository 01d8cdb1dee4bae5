"""Documents before anybody reads them: their encoding, their damage, their entries."""
