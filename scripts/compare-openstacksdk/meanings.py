"""What a pair means here that openstacksdk reads differently: the same wish in words that openstacksdk reads so."""
import typing

# A null here is the word None for openstacksdk, or hides an older spelling of the same key.
TAGGED_NULLS = {"project_id", "project_name", "user_domain_id", "project_domain_id", "domain_id", "domain_name",
                "user_domain_name", "username"}
PROJECT = {"project_id", "project_name", "tenant_id", "tenant_name"}
USER = {"user_id", "username", "user_name", "password"}
# Leaves the account of a project's name to IAM, where v3token wants to know it.
TOKEN = "token"
ACCOUNTS = ["user_domain_name", "user_domain_id", "domain_name", "domain_id", "default_domain_name",
            "default_domain_id"]


class Meaning(typing.NamedTuple):
    whole: dict
    secure: dict | None
    # Region that is asked for, as openstackclient does with OS_REGION_NAME.
    region: str | None


def plain(key):
    return key.replace("-", "_")


def places(whole, secure):
    """The maps that a key of `auth` can stand in, the strongest last."""
    values = [region["values"] for region in whole.get("regions", []) if isinstance(region, dict)
              and "values" in region]
    return [whole["auth"], (secure or {}).get("auth", {}), whole, *(one.get("auth", {}) for one in values), *values]


def drop(whole, secure, unwanted):
    for place in places(whole, secure):
        for key in [key for key in place if unwanted(plain(key))]:
            del place[key]


def value_of(whole, secure, wanted):
    found = [value for place in places(whole, secure) for key, value in place.items() if plain(key) == wanted]
    return next((value for value in reversed(found) if value is not None), None)


def without_nulls(whole, secure):
    for key in [key for key, value in (secure or {}).get("auth", {}).items() if value is None]:
        whole["auth"].pop(key, None)
    for place in (whole, whole["auth"], (secure or {}).get("auth", {})):
        for key in [key for key, value in place.items() if value is None and plain(key) in TAGGED_NULLS]:
            del place[key]


def with_the_users_own_account(whole, secure):
    """Without a project `domain_*` are for the token alone where `user_domain_*` name the user's account."""
    if (account_of(whole, secure) or ("",))[0].startswith("user_"):
        drop(whole, secure, lambda key: key in ("domain_id", "domain_name"))


def account_of(whole, secure):
    """Key and value of what names the user's account; None when nothing does."""
    return next(((key, found) for key in ACCOUNTS if (found := value_of(whole, secure, key)) is not None), None)


def has_account(whole, secure):
    """Does anything name an account for a user name? A project's serves where no other does."""
    if account_of(whole, secure) is not None:
        return True
    found = {f"user_domain_{kind}": value for kind in ("id", "name")
             if (value := value_of(whole, secure, f"project_domain_{kind}")) is not None}
    whole["auth"].update(found)
    return found != {}


def in_project_of_region(whole, secure):
    """The project that has the region's name, of the user's account."""
    account = account_of(whole, secure)
    if account is not None:
        drop(whole, secure, lambda key: key in ("project_domain_id", "project_domain_name"))
        if not account[0].startswith("default_"):
            whole["auth"][f"project_domain_{account[0].rsplit('_', 1)[1]}"] = account[1]
    whole["auth"]["project_name"] = "REGION"
    if whole.get("auth_type") == "v3token":
        whole["auth_type"] = TOKEN


def in_project_of_variables(whole, secure, env):
    """Of the account that variables name, else of the entry's."""
    drop(whole, secure, lambda key: key in PROJECT)
    whole["auth"]["project_name"] = env["OS_PROJECT_NAME"]
    domain = {f"project_domain_{kind}": env[f"OS_PROJECT_DOMAIN_{kind.upper()}"] for kind in ("id", "name")
              if f"OS_PROJECT_DOMAIN_{kind.upper()}" in env}
    if domain:
        drop(whole, secure, lambda key: key in ("project_domain_id", "project_domain_name"))
        whole["auth"].update(domain)


def meaning_of_entry(whole, secure, env, tags):
    mixed = env if "OS_* beside OS_CLOUD" in tags else {}
    if "null" in tags:
        without_nulls(whole, secure)
    if "no project" in tags:
        with_the_users_own_account(whole, secure)
    if "OS_PROJECT_NAME" in mixed:
        in_project_of_variables(whole, secure, env)
    elif "no project" in tags:
        in_project_of_region(whole, secure)
    if "OS_USERNAME" in mixed and has_account(whole, secure):
        drop(whole, secure, lambda key: key in USER)
        whole["auth"].update({"username": mixed["OS_USERNAME"], "password": mixed["OS_PASSWORD"]})
    if "OS_INTERFACE" in mixed:
        drop(whole, secure, lambda key: key.endswith(("interface", "endpoint_type")))
        whole["interface"] = mixed["OS_INTERFACE"]
    return Meaning(whole, secure, mixed.get("OS_REGION_NAME"))


def meaning_of_environment(env, tags):
    meant = dict(env)
    if "user without account" in tags:
        meant["OS_USER_DOMAIN_NAME"] = env["OS_PROJECT_DOMAIN_NAME"]
    if "no project" in tags:
        meant["OS_PROJECT_NAME"] = "REGION"
        if env.get("OS_AUTH_TYPE") == "v3token":
            meant["OS_AUTH_TYPE"] = TOKEN
        for kind in ("NAME", "ID"):
            own = env.get(f"OS_USER_DOMAIN_{kind}", env.get(f"OS_DOMAIN_{kind}"))
            if own is not None:
                meant[f"OS_PROJECT_DOMAIN_{kind}"] = own
    return meant
