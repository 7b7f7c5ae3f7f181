"""Rejected cases count in no rate; what had been counted of them is taken out of the figures."""

from alembic import op

revision = "0002"
down_revision = "0001"

_ADD = """
    INSERT INTO rollup (day, branch, kind, policy, measure, amount)
    SELECT day, branch, kind, policy, measure, sum(amount) FROM ({rows}) AS moved (day, branch, kind, policy, measure, amount)
    WHERE day IS NOT NULL GROUP BY day, branch, kind, policy, measure
    ON CONFLICT (day, branch, kind, policy, measure) DO UPDATE SET amount = rollup.amount + EXCLUDED.amount
"""
# each measure that such a case had added by itself, and the one it adds from now on
_CASES = """
    SELECT opened_day, branch, kind, '', measure, amount
    FROM case_fact, LATERAL (VALUES ('problems.raised', -1), ('problems.answered_in_time', -answered_in_time::int),
                                    ('problems.repeated', -repeated::int), ('cases.excluded', 1)) AS said (measure, amount)
    WHERE outcome = 'rejected'
    UNION ALL
    SELECT closed_day, branch, kind, '', measure, amount
    FROM case_fact, LATERAL (VALUES ('cases.ended', -1), ('cases.ended_reworked', -reworked::int)) AS said (measure, amount)
    WHERE outcome = 'rejected' AND opened_day IS NOT NULL
    UNION ALL
    SELECT second_day, branch, kind, second_policy, 'final.' || final, -1
    FROM case_fact WHERE outcome = 'rejected' AND opened_day IS NOT NULL AND final <> '' AND origin <> 'visit'
"""
_RATINGS = """
    SELECT day, branch, kind, policy, measure, amount
    FROM rating_fact, LATERAL (VALUES ('loop.closed', -looped::int), ('loop.excluded', 1)) AS said (measure, amount)
    WHERE dissatisfied AND excluded
"""
# cases that repeated nothing but what was no complaint
_NO_REPEATS = """
    CREATE TEMPORARY TABLE no_repeat ON COMMIT DROP AS
    SELECT id, opened_day, branch, kind FROM (
        SELECT *, COALESCE(opened_day - lag(opened_day) OVER (PARTITION BY customer, kind ORDER BY opened_day, id) <= 90,
                           false) AS repeats
        FROM case_fact WHERE opened_day IS NOT NULL AND outcome <> 'rejected') looked_at
    WHERE repeated AND NOT repeats
"""


def upgrade() -> None:
    op.execute("ALTER TABLE rating_fact ADD COLUMN excluded boolean NOT NULL DEFAULT false")
    op.execute(_ADD.format(rows=_CASES))
    op.execute("UPDATE case_fact SET repeated = false WHERE outcome = 'rejected' AND repeated")
    op.execute(_NO_REPEATS)
    op.execute(_ADD.format(rows="SELECT opened_day, branch, kind, '', 'problems.repeated', -1 FROM no_repeat"))
    op.execute("UPDATE case_fact SET repeated = false WHERE id IN (SELECT id FROM no_repeat)")
    op.execute("""
        UPDATE rating_fact SET excluded = true
        WHERE id IN (SELECT origin_id FROM case_fact WHERE origin = 'visit' AND outcome = 'rejected')
    """)
    op.execute(_ADD.format(rows=_RATINGS))
    op.execute("UPDATE rating_fact SET looped = false WHERE excluded AND looped")


def downgrade() -> None:
    op.execute("ALTER TABLE rating_fact DROP COLUMN excluded")
