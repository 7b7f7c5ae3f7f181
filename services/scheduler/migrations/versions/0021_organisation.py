"""The units and teams that packs have told of; of packs published before, as far as their policies recorded them."""

from alembic import op

from shared.migrations import create_organisation

revision = "0021"
down_revision = "0020"

RECORDED = """
INSERT INTO organisation (pack, version, told)
SELECT pack, place, jsonb_build_object('pack', pack, 'version', place, 'units', (
        SELECT jsonb_agg(jsonb_build_object('code', key, 'parent', value ->> 0, 'tier', value ->> 1))
        FROM jsonb_each(recorded -> 'units')), 'teams', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('code', key, 'unit', value ->> 0, 'role', value ->> 1)), '[]')
        FROM jsonb_each(recorded -> 'teams')))
FROM (
    SELECT DISTINCT ON (pack) pack, recorded, dense_rank() OVER (ORDER BY pack) AS place FROM (
        SELECT p.pack, v.content -> 'organisation' AS recorded, v.loaded_at FROM policy p
        JOIN policy_version v ON v.policy_id = p.id AND v.version = p.version
        WHERE jsonb_exists(v.content, 'organisation') AND v.content -> 'organisation' -> 'units' <> '{}'
    ) said ORDER BY pack, loaded_at DESC
) newest
"""


def upgrade() -> None:
    create_organisation()
    op.execute(RECORDED)


def downgrade() -> None:
    op.execute("DROP TABLE organisation")
