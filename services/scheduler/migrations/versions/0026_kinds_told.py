"""Packs applied before tell which kinds of events are their own, too."""

from alembic import op

revision = "0026"
down_revision = "0025"

DECLARED = """
INSERT INTO organisation (pack, version, told)
SELECT pack, newest + place, jsonb_build_object(
    'pack', pack, 'version', newest + place, 'units', jsonb_build_array(), 'teams', jsonb_build_array(), 'kinds', kinds)
FROM (
    SELECT pack, row_number() OVER (ORDER BY pack) AS place,
           jsonb_agg(jsonb_build_object('event', event, 'title', title) ORDER BY event) AS kinds
    FROM event_kind GROUP BY pack
) declared, (SELECT coalesce(max(version), 0) AS newest FROM organisation) told
ON CONFLICT (pack) DO UPDATE SET version = excluded.version, told_at = NULL,
    told = organisation.told || jsonb_build_object('version', excluded.version, 'kinds', excluded.told -> 'kinds')
"""


def upgrade() -> None:
    op.execute(DECLARED)
