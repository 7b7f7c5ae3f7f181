"""Packs: folders with the policies, questionnaires and message templates of one organisation."""
