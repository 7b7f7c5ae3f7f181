"""Packs as policy owners write them: read, doubted (`check`), compared (`plan`), and their form published (`schema`)."""
