"""Analytics: every figure of the platform, each with one definition.

Owns: small facts (what must be correlated or counted once), rollups by day × branch × kind × policy, people counted per
day, agents per day. Publishes nothing. Consumes: every topic. Rollups change in the transaction that claims the events, so
replay and redelivery change no figure; facts are merged so that any order of the same events gives the same figures.
"""
