"""Files that people write (packs, questionnaires), declared once: what their keys are and how mistakes in them are told."""
