"""The rules: what each event contributes to which figure, and how figures become KPIs."""
