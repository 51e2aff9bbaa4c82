"""Files and environments, drawn with a fixed seed. AUTH, INTERNAL and DIR stand for addresses and the pair's folder.
`tags` names what a pair has in it that is read differently on purpose (docs/configuration.md), and `meant` is the pair
that openstacksdk reads as doctor is to read this one."""
import copy
import json
import random

from meanings import TAGGED_NULLS, meaning_of_entry, meaning_of_environment

USERS = [
    ({"username": "u", "user_domain_name": "D"}, []),
    ({"username": "u", "user_domain_id": "d1"}, []),
    ({"user_name": "u", "user_domain_name": "D"}, []),
    ({"user-name": "u", "user-domain-name": "D"}, []),
    ({"user_id": "uid"}, []),
    ({"user-id": "uid", "username": "u", "user_domain_name": "D"}, []),
    ({"username": "u", "domain_name": "D"}, []),
    ({"username": "u", "domain-id": "d1"}, []),
    ({"username": "u", "default_domain_name": "D"}, []),
    ({"username": "u", "default-domain-id": "d1"}, []),
    ({"username": "u", "user_domain_name": "D", "domain_id": "d1"}, []),
    ({"username": "u", "user_domain_name": "D", "default_domain_name": "E"}, []),
    ({"username": "u", "user_domain_name": "D", "project_domain_id": "other"}, []),
    ({"username": 1234, "user_domain_name": "D"}, []),
]
PROJECTS = [
    ({"project_id": "0123456789abcdef0123456789abcdef"}, []),
    ({"project_name": "eu-de_team", "project_domain_name": "D"}, []),
    ({"project-name": "eu-de_team", "project-domain-id": "d2"}, []),
    ({"tenant_name": "eu-de_team"}, []),
    ({"tenant-id": "0123456789abcdef0123456789abcdef"}, []),
    ({"project_name": "eu-de_team"}, []),
    ({"tenant_name": "old", "project_name": "new", "project_domain_name": "D"}, []),
    ({"project_id": "0123456789abcdef0123456789abcdef", "project_name": "n"}, []),
    ({}, ["no project"]),
]
REGIONS = [
    {"region_name": "eu-de"},
    {"region-name": "eu-nl"},
    {"region_name": "eu-nl,eu-de"},
    {"region_name": ["eu-nl", "eu-de"]},
    {"regions": ["eu-nl", "eu-de"]},
    {"regions": ["eu-nl"], "region_name": "eu-de"},
    {"regions": [{"name": "eu-nl"}, "eu-de"]},
    {"regions": [{"name": "eu-nl", "values": {"auth": {"project_name": "eu-nl_team"}}}]},
    {"regions": [{"name": "eu-nl", "values": {"project_name": "eu-nl_team", "project-domain-name": "N"}}, "eu-de"]},
    {"regions": [{"name": "eu-de", "values": {"auth": {"username": "of-region", "password": None}}}], "password": "p"},
    {"regions": [{"name": "eu-nl", "values": {"interface": "internal", "cbr_endpoint_override": None}}]},
    {"profile": "otc"},
    {"profile": "otc", "region_name": "eu-nl"},
    {"cloud": "otc"},
    {"profile": "otc-swiss", "region_name": "eu-de"},
    {"profile": "no-such-profile", "region_name": "eu-de"},
    {"profile": None, "cloud": "otc", "region_name": "eu-de"},
]
ADDRESSES = [
    *[{}] * 6,
    {"interface": "internal"},
    {"interface": "internalURL"},
    {"interface": ["admin", "internal"]},
    {"interface": None},
    {"endpoint_type": "internal"},
    {"endpoint_type": "publicURL", "interface": "internal"},
    {"endpoint-type": "internal"},
    {"cbr_interface": "internal"},
    {"cbr-interface": "internal", "interface": "public"},
    {"cbr_endpoint_type": "internalURL"},
    {"cbr_endpoint_override": "INTERNAL/v3/0123456789abcdef0123456789abcdef"},
    {"cbr-endpoint-override": "INTERNAL/v3/0123456789abcdef0123456789abcdef"},
    {"cbr_endpoint": "INTERNAL/v3/0123456789abcdef0123456789abcdef"},
    {"cbr_endpoint_override": None, "cbr_endpoint": "INTERNAL/v3/0123456789abcdef0123456789abcdef"},
    {"cbr_region_name": "eu-nl"},
]
TYPES = [
    *[({}, {"password": "p"}, [])] * 8,
    ({"auth_type": "password"}, {"password": "p"}, []),
    ({"auth_plugin": "password"}, {"password": "p"}, []),
    ({}, {"password": "0123"}, []),
    ({}, {"password": 1234}, []),
    ({}, {"password": "p#q: {r}"}, []),
    ({"auth_type": "token"}, {"token": "TOK1"}, []),
    ({"auth_type": "v3token"}, {"auth_token": "TOK1"}, []),
    ({"auth_type": "token"}, {"auth-token": "TOK1"}, []),
]
PLAIN_NULLS = ["cacert", "cert", "key", "insecure", "api_timeout", "cbr_endpoint_override", "interface", "password2"]
AUTH_NULLS = ["user_id", "username", "user_domain_name", "default_domain_name"]
WORD_NULLS = ["project_id", "project_name", "user_domain_id", "project_domain_id", "domain_id", "domain_name"]
ENDPOINTS = {"cbr_endpoint_override", "cbr_endpoint"}
PLACES = ["cwd/clouds.yaml", "cwd/clouds.yml", "home/.config/openstack/clouds.yaml", "xdg/openstack/clouds.yaml",
          "site/openstack/clouds.yaml", "elsewhere/c.yaml", "cwd/clouds.json"]
LEFT_OVER = [{"OS_PROJECT_DOMAIN_ID": "left"}, {"OS_PROJECT_DOMAIN_NAME": "Left", "OS_TENANT_ID": ""},
             {"OS_INTERFACE": ""}]
MIXED = [{"OS_PROJECT_NAME": "left_over"}, {"OS_USERNAME": "left", "OS_PASSWORD": "over"}, {"OS_REGION_NAME": "eu-nl"},
         {"OS_INTERFACE": "internal"}, {"OS_USER_DOMAIN_NAME": "Left"}]


def dump(value, indent=0):
    """YAML without a library: JSON scalars, `null` in three spellings, block maps."""
    pad = "  " * indent
    lines = []
    for key, item in value.items():
        if isinstance(item, dict) and item and key != "values":
            lines += [f"{pad}{key}:", *dump(item, indent + 1)]
        elif item is None:
            lines.append(f"{pad}{key}: {('null', '~', '')[len(key) % 3]}".rstrip())
        else:
            lines.append(f"{pad}{key}: {json.dumps(item)}")
    return lines


def entry(random_, tags):
    user, user_tags = random_.choice(USERS)
    project, project_tags = random_.choice(PROJECTS)
    top, secret, type_tags = random_.choice(TYPES)
    if "password" not in secret:
        user, user_tags = {}, []
    auth = {"auth_url": "AUTH/v3", **user, **project, **secret}
    whole = {**random_.choice(REGIONS), **random_.choice(ADDRESSES), **top}
    tags += [*user_tags, *project_tags, *type_tags]
    for key in list(auth):
        if random_.random() < 0.12:
            whole[key] = auth.pop(key)
        elif random_.random() < 0.05:
            whole.setdefault(key, "AUTH/v3" if key == "auth_url" else "beside")
    for key in random_.sample(PLAIN_NULLS, 2) if random_.random() < 0.4 else []:
        whole.setdefault(key, None)
    for key in random_.sample(AUTH_NULLS, 1) if random_.random() < 0.3 else []:
        auth.setdefault(key, None)
    if random_.random() < 0.12:
        auth.setdefault(random_.choice(WORD_NULLS), None)
    return {**whole, "auth": auth}


def tags_of(whole, secure):
    """What is in an entry that is read differently on purpose."""
    items = [(key.replace("-", "_"), value) for place in (whole, whole["auth"], (secure or {}).get("auth", {}))
             for key, value in place.items()]
    tags = ["null"] if any(key in TAGGED_NULLS and value is None for key, value in items) else []
    has_address = any(key in ENDPOINTS and value is not None for key, value in items)
    return [*tags, "token"] if has_address and any(key.endswith("token") for key, _ in items) else tags


def split_secret(random_, whole):
    """Some keys of the entry in secure.yaml, and something else in their place."""
    moved = {}
    for key in list(whole["auth"]):
        if random_.random() < 0.4:
            moved[key] = whole["auth"].pop(key)
            if random_.random() < 0.3:
                whole["auth"][key] = "in-the-open"
    return {"auth": moved} if moved else None


def file_text(place, whole, secure_place, secure):
    clouds = {"clouds": {"other": {"auth": {"username": "wrong"}}, "x": whole}}
    files = {place: json.dumps(clouds) if place.endswith("json") else "\n".join(dump(clouds)) + "\n"}
    if secure is not None:
        files[secure_place] = "\n".join(dump({"clouds": {"x": secure}})) + "\n"
    if place.startswith("elsewhere"):
        files["cwd/clouds.yaml"] = "clouds: {x: {auth: {auth_url: 'AUTH/v3', username: decoy, password: decoy}}}\n"
    return files


def file_pair(random_):
    tags, env = [], {"OS_CLOUD": "x"}
    whole = entry(random_, tags)
    secure = split_secret(random_, whole) if random_.random() < 0.25 else None
    tags += tags_of(whole, secure)
    place = random_.choice(PLACES)
    secure_place = random_.choice(["cwd/secure.yaml", "home/.config/openstack/secure.yaml"])
    if place.startswith("xdg"):
        env["XDG_CONFIG_HOME"] = "DIR/xdg"
    if place.startswith("site"):
        env["XDG_CONFIG_DIRS"] = "DIR/site"
    if place.startswith("elsewhere"):
        env["OS_CLIENT_CONFIG_FILE"] = "DIR/elsewhere/c.yaml"
    if random_.random() < 0.15:
        env.update(random_.choice(LEFT_OVER))
    mixed = random_.choice(MIXED) if random_.random() < 0.12 else {}
    if mixed:
        tags.append("OS_* beside OS_CLOUD")
    said = meaning_of_entry(copy.deepcopy(whole), copy.deepcopy(secure), {**env, **mixed}, tags)
    meant = {"files": file_text(place, said.whole, secure_place, said.secure), "env": env, "region": said.region}
    files = file_text(place, whole, secure_place, secure)
    return {"files": files, "env": {**env, **mixed}, "tags": tags, "meant": meant}


def merge_key_pair(random_):
    """Anchors and `<<`, once or twice."""
    lines = ["one: &one", "  region_name: eu-nl", "  project_name: eu-nl_one", "two: &two", "  region_name: eu-de",
             "  project_domain_name: T", "clouds:", "  x:"]
    merges = random_.choice([["<<: *one"], ["<<: *one", "<<: *two"], ["<<: *two", "<<: *one"], ["<<: [*one, *two]"],
                             ["<<: [*two, *one]", "interface: internal"], ["<<: *one", "region_name: eu-de"]])
    at = random_.choice([len(lines), len(lines) + len(merges)])

    def pair(merges):
        auth = "auth: {auth_url: 'AUTH/v3', username: u, password: p, user_domain_name: D}"
        whole = [*lines, *(f"    {line}" for line in merges)]
        whole.insert(at, f"    {auth}")
        return {"files": {"cwd/clouds.yaml": "\n".join(whole) + "\n"}, "env": {"OS_CLOUD": "x"}}

    turned = {"<<: [*one, *two]": "<<: [*two, *one]", "<<: [*two, *one]": "<<: [*one, *two]"}
    tags = ["<<: [*a, *b]"] if any(line in turned for line in merges) else []
    return {**pair(merges), "tags": tags, "meant": pair([turned.get(line, line) for line in merges])}


def environment_pair(random_):
    user = random_.choice([
        {"OS_USERNAME": "u", "OS_USER_DOMAIN_NAME": "D"}, {"OS_USER_NAME": "u", "OS_USER_DOMAIN_ID": "d1"},
        {"OS_USER_ID": "uid"}, {"OS_USERNAME": "u", "OS_DEFAULT_DOMAIN_NAME": "D"},
        {"OS_USERNAME": "u", "OS_DEFAULT_DOMAIN_ID": "d1"}, {"OS_USERNAME": "u", "OS_DOMAIN_NAME": "D"},
        {"OS_USERNAME": "u", "OS_USER_DOMAIN_NAME": "D", "OS_DOMAIN_NAME": "E"},
    ])
    project = random_.choice([
        {"OS_PROJECT_ID": "0123456789abcdef0123456789abcdef"}, {"OS_TENANT_ID": "0123456789abcdef0123456789abcdef"},
        {"OS_PROJECT_NAME": "eu-de_team", "OS_PROJECT_DOMAIN_NAME": "D"}, {"OS_TENANT_NAME": "eu-de_team"},
        {"OS_PROJECT_NAME": "eu-de_team", "OS_PROJECT_DOMAIN_ID": "left"},
        {"OS_TENANT_NAME": "old", "OS_PROJECT_NAME": "new"}, {"OS_PROJECT_ID": "", "OS_PROJECT_NAME": "eu-de_team"},
        {},
    ])
    if "OS_PROJECT_DOMAIN_NAME" in project and random_.random() < 0.2:
        user = {"OS_USERNAME": "u"}
    region = random_.choice([{"OS_REGION_NAME": "eu-de"}, {"OS_REGION_NAME": "eu-nl,eu-de"}, {"OS_REGION_NAME": "r1"}])
    extra = random_.choice([
        {}, {}, {"OS_INTERFACE": "internal"}, {"OS_ENDPOINT_TYPE": "internalURL"}, {"OS_INTERFACE": "public"},
        {"OS_CBR_ENDPOINT_OVERRIDE": "INTERNAL/v3/0123456789abcdef0123456789abcdef"}, {"OS_CBR_INTERFACE": "internal"},
        {"OS_PROFILE": "otc"}, {"OS_AUTH_TYPE": "password"}, {"OS_AUTH_TYPE": "v3password"}, {"OS_INSECURE": "false"},
        {"OS_IDENTITY_API_VERSION": "3"}, {"OS_CBR_ENDPOINT": "INTERNAL/v3/0123456789abcdef0123456789abcdef"},
    ])
    secret = {"OS_PASSWORD": random_.choice(["p", "0123", "p w"])}
    if random_.random() < 0.12:
        user, extra = {}, {"OS_AUTH_TYPE": random_.choice(["token", "v3token"])}
        secret = {random_.choice(["OS_TOKEN", "OS_AUTH_TOKEN"]): "TOK1"}
    env = {"OS_AUTH_URL": "AUTH/v3", **user, **project, **region, **extra, **secret}
    tags = [] if any(key.startswith(("OS_PROJECT_", "OS_TENANT_")) for key in project) else ["no project"]
    if "OS_USERNAME" in user and not any("DOMAIN" in key for key in user):
        tags.append("user without account")
    meant = {"files": {}, "env": meaning_of_environment(env, tags)}
    return {"files": {}, "env": env, "tags": tags, "meant": meant}


def draw(count, seed):
    random_ = random.Random(seed)
    kinds = [file_pair, file_pair, file_pair, environment_pair, merge_key_pair]
    seen = set()
    while len(seen) < count:
        pair = random_.choice(kinds)(random_)
        key = json.dumps(pair, sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield pair
