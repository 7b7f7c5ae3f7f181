"""Pages hear of new figures (`shared.live`, `domain.live`): a notification is a JSON list of the branches that have some, empty
when it would be too long."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION tell_figures_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE told text;
        BEGIN
            SELECT jsonb_agg(DISTINCT branch) INTO told FROM now;
            IF told IS NOT NULL THEN
                PERFORM pg_notify('huifang_live', CASE WHEN octet_length(told) < 7900 THEN told ELSE '' END);
            END IF;
            RETURN NULL;
        END $$
    """)
    for when in ("INSERT", "UPDATE"):  # a statement that adds to what stands is both
        op.execute(f"""
            CREATE TRIGGER figures_{when.lower()} AFTER {when} ON rollup REFERENCING NEW TABLE AS now
            FOR EACH STATEMENT EXECUTE FUNCTION tell_figures_changed()
        """)
