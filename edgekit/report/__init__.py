"""What people read: tables and advice, made from records alone."""
