"""What forgers and accusers do without a stolen model."""
