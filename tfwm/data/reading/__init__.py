"""From files, folders, archives and arrays to pictures."""
