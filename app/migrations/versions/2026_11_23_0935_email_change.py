"""Let a letter prove a new e-mail address, too."""

from alembic import op

revision = "email_change"
down_revision = "documents"
branch_labels = None
depends_on = None

PURPOSES = "'password_reset', 'email_verification'"


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    _allow(f"{PURPOSES}, 'email_change'")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("delete from app.mail_tokens where purpose = 'email_change'")
    _allow(PURPOSES)


def _allow(purposes: str) -> None:
    op.execute(
        "alter table app.mail_tokens drop constraint mail_tokens_purpose_check, "
        f"add constraint mail_tokens_purpose_check check (purpose in ({purposes})) not valid"
    )
    op.execute("alter table app.mail_tokens validate constraint mail_tokens_purpose_check")
