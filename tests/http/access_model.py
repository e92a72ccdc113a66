"""Who may do what with a stream: contract 3.4, as plainly as it can be said.

A list is a string or an array of strings; of a stream's $acl, or of what
$settings says.  A user is a set of roles, login and groups; None is anybody.
"""

DEFAULT_USER_ACL = {right: "$all" for right in ("$r", "$w", "$d", "$mr", "$mw")}
DEFAULT_SYSTEM_ACL = {right: "$admins" for right in DEFAULT_USER_ACL}

META_RIGHTS = {"$r": "$mr", "$w": "$mw"}


def roles_of(names):
    return [names] if isinstance(names, str) else names


def deciding_list(stream, right, acl, settings):
    """The roles that have a right to a stream that is no metastream."""
    is_system = stream.startswith("$")
    member = "$systemStreamAcl" if is_system else "$userStreamAcl"
    built_in = DEFAULT_SYSTEM_ACL if is_system else DEFAULT_USER_ACL
    for source in (acl, settings.get(member, {}), built_in):
        if right in source:
            return roles_of(source[right])
    raise AssertionError("the built-in list has all rights")


def is_public(stream, right, acl, settings):
    if stream.startswith("$$"):
        stream, right = stream[2:], META_RIGHTS[right]
    return "$all" in deciding_list(stream, right, acl, settings)


def is_allowed(user, stream, right, acl, settings):
    """acl is the stream's; for a metastream, its base stream's."""
    if right == "$d" and stream.startswith("$$"):
        return False
    if right in ("$w", "$d") and stream == "$all":
        return False
    if is_public(stream, right, acl, settings):
        return True
    if user is None:
        return False
    if stream.startswith("$$"):
        stream, right = stream[2:], META_RIGHTS[right]
    own = {role.lower() for role in user}
    listed = deciding_list(stream, right, acl, settings)
    return "$admins" in own or any(role.lower() in own for role in listed)
