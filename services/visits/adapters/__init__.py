"""Outside systems that visits speak to: the telephone line."""
