#!/usr/bin/env bash
# otcextensions 0.34.8 (with openstacksdk 4.22.0): `cbr.tasks(operation_type="restore")` looks for restorations among
# the newest 1,000 tasks of all kinds.
#
# Expected: the API's filter `operation_type` is sent, as `cbr.backups(status=…)` sends its own; a restoration that
#   runs is found, however many other tasks there are.
# Seen: the filter is not sent, and applied to the rows of the first answer. A restoration behind 1,000 younger tasks (a
#   night's backups of as many servers) is not found; the answer is an empty list and no error. The same holds for
#   `status`, `vault_id` and the other filters of tasks. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet otcextensions==0.34.8 openstacksdk==4.22.0 keystoneauth1==5.18.1
seen=$("$folder/venv/bin/python" -W ignore - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import openstack
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token
from otcextensions import sdk

rows = [{"id": f"task-{number:04}", "operation_type": "backup", "status": "success"} for number in range(1000)]
rows.append({"id": "task-1000", "operation_type": "restore", "status": "running"})
asked = []


class Cbr(BaseHTTPRequestHandler):
    """As the API's page says: filters by operation_type, then at most 1,000 rows."""

    def do_GET(self):
        query = dict(parse_qsl(urlsplit(self.path).query))
        asked.append(query)
        kind = query.get("operation_type")
        found = [row for row in rows if kind is None or row["operation_type"] == kind]
        page = found[: int(query.get("limit", 1000))]
        body = json.dumps({"operation_logs": page, "count": len(found), "limit": 1000, "offset": 0}).encode()
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
found = [task.id for task in connection.cbr.tasks(operation_type="restore")]
print(f"sent {asked}, found {found}")
PY
)
echo "otcextensions 0.34.8: $seen (expected: sent [{'operation_type': 'restore'}], found ['task-1000'])"
test "$seen" = "sent [{}], found []"
