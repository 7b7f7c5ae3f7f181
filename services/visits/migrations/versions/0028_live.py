"""Pages hear of what changes in queues, and of visits in somebody's hands (`shared.live`, `domain.live`).

A notification is a JSON list of [branch, team, agent, owner of the callback, who held it before], "" where there is none, and
empty when it would be too long. What only the holder changes, such as answers and the lease, is told to nobody.
"""

from alembic import op

revision = "0028"
down_revision = "0027"

SHOWN = (
    "state", "rank", "agent", "branch", "team", "channel", "priority", "due_at", "deadline_at", "next_at", "hours",
    "callback_at", "callback_owner", "closed_to", "needs", "never_alone", "notices", "customer", "matters",
    "postpone_reason", "finished_at",
)  # fmt: skip


def _columns(row: str) -> str:
    return ", ".join(f"{row}.{name}" for name in SHOWN)


def _sides() -> str:
    before = "before.branch, before.team, before.agent, before.callback_owner"
    held = "CASE WHEN before.state = 'claimed' THEN before.agent ELSE '' END"
    return f"VALUES ({before}, {held}), (now.branch, now.team, now.agent, now.callback_owner, '')"


def upgrade() -> None:
    op.execute(f"""
        CREATE FUNCTION tell_visits_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE told text;
        BEGIN
            IF TG_OP = 'INSERT' THEN
                SELECT jsonb_agg(DISTINCT jsonb_build_array(now.branch, now.team, now.agent, now.callback_owner, ''))
                INTO told FROM now;
            ELSE
                SELECT jsonb_agg(DISTINCT jsonb_build_array(side.branch, side.team, side.agent, side.owner, side.held))
                INTO told FROM before JOIN now USING (id)
                    CROSS JOIN LATERAL ({_sides()}) AS side (branch, team, agent, owner, held)
                WHERE ({_columns("before")}) IS DISTINCT FROM ({_columns("now")});
            END IF;
            IF told IS NOT NULL THEN
                PERFORM pg_notify('huifang_live', CASE WHEN octet_length(told) < 7900 THEN told ELSE '' END);
            END IF;
            RETURN NULL;
        END $$
    """)  # noqa: S608 - column names of ours
    op.execute("""
        CREATE TRIGGER visits_added AFTER INSERT ON visit REFERENCING NEW TABLE AS now
        FOR EACH STATEMENT EXECUTE FUNCTION tell_visits_changed()
    """)
    op.execute("""
        CREATE TRIGGER visits_changed AFTER UPDATE ON visit REFERENCING OLD TABLE AS before NEW TABLE AS now
        FOR EACH STATEMENT EXECUTE FUNCTION tell_visits_changed()
    """)
