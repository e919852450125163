"""Users as admins see them: who has which role, who is locked; and tokens for programs of ours."""
