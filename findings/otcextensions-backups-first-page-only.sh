#!/usr/bin/env bash
# otcextensions 0.34.8 (with openstacksdk 4.22.0): `cbr.backups()` ends after the first page, `cbr.backups(limit=1000)`
# does not.
#
# Expected: a generator over all backups; `limit` is "Number of records displayed per page", so it cannot change which
#   come. Other services of the same SDK page by themselves.
# Seen: without `limit` the rows of one answer, 1,000 of 2,500, although the answer's `count` says 2,500: CBR's answers
#   have no link to a next page, and without a limit none is asked for. With `limit=1000`, all. A script that deletes
#   what it did not find listed, or reports what has no backup, sees the newest 1,000 only. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet otcextensions==0.34.8 openstacksdk==4.22.0 keystoneauth1==5.18.1
seen=$("$folder/venv/bin/python" -W ignore - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import openstack
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token
from otcextensions import sdk

rows = [{"id": f"backup-{number:04}", "status": "available"} for number in range(2500)]


class Cbr(BaseHTTPRequestHandler):
    """As the API's page says: limit 1 to 1,000, by default 1,000; offset; marker, the id of the last row seen."""

    def do_GET(self):
        query = {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}
        limit, start = int(query.get("limit", 1000)), int(query.get("offset", 0))
        if "marker" in query:
            start = next(at for at, row in enumerate(rows) if row["id"] == query["marker"]) + 1
        page = rows[start : start + limit]
        body = json.dumps({"backups": page, "count": len(rows), "limit": limit, "offset": start}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Project(Token):
    def get_project_id(self, session, **_):
        return "p"


server = ThreadingHTTPServer(("127.0.0.1", 0), Cbr)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/v3/p"
connection = openstack.connection.Connection(session=Session(auth=Project(base, "token")), cbr_endpoint_override=base)
sdk.register_otc_extensions(connection)
print(len(list(connection.cbr.backups())), "without limit,", len(list(connection.cbr.backups(limit=1000))), "with")
PY
)
echo "otcextensions 0.34.8, of 2500 backups: $seen (expected: 2500 without limit, 2500 with)"
test "$seen" = "1000 without limit, 2500 with"
