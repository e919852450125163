"""What the administration of users refuses."""

from app.core.errors import Conflict, Unprocessable


class LastAdmin(Conflict):
    code = "last_admin"
    title = "Somebody must stay admin: give the role to another first"


class OwnRoles(Conflict):
    code = "own_roles"
    title = "Nobody changes their own roles or locks their own account"


class RoleNotGrantable(Unprocessable):
    code = "role_not_grantable"
    title = "This role is not given to people, or not to this user"
