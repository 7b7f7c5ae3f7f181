"""The contact ledger knows what a contact counts as: purpose, policies and organisation tier."""

from alembic import op

revision = "0002"
down_revision = "0001"

UP = """
ALTER TABLE contact_ledger ADD COLUMN purpose text NOT NULL DEFAULT 'followup',
    ADD COLUMN policies text[] NOT NULL DEFAULT '{}',
    ADD COLUMN tier text NOT NULL DEFAULT '';

UPDATE contact_ledger SET purpose = task.body ->> 'purpose', policies = ARRAY[task.policy_id]
    || ARRAY(SELECT jsonb_array_elements_text(task.body -> 'combined'))
FROM task WHERE task.id = contact_ledger.task_id;

ALTER TABLE contact_ledger ALTER COLUMN purpose DROP DEFAULT, ALTER COLUMN policies DROP DEFAULT,
    ALTER COLUMN tier DROP DEFAULT;

UPDATE task SET body = jsonb_set(body, '{counted}', CASE WHEN (body ->> 'counted')::boolean
    THEN to_jsonb(ARRAY[policy_id]) || (body -> 'combined') ELSE '[]' END)
WHERE jsonb_typeof(body -> 'counted') = 'boolean'
"""
DOWN = """
UPDATE task SET body = jsonb_set(body, '{counted}', to_jsonb(jsonb_array_length(body -> 'counted') > 0));

ALTER TABLE contact_ledger DROP COLUMN purpose, DROP COLUMN policies, DROP COLUMN tier
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN.split(";\n"):
        op.execute(statement)
