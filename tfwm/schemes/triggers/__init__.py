"""What schemes that fine-tune a host on secret images have in common."""
