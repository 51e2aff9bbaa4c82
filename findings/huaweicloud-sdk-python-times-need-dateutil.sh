#!/usr/bin/env bash
# huaweicloudsdkcbr 3.1.219 (Python): `created_at` of a backup is a text or a datetime, depending on whether another package
# has brought python-dateutil, and, if so, on the cloud that answers.
#
# Expected: the model says `datetime`, so it is one; what the SDK needs for that, it installs.
# Seen: python-dateutil is no dependency of the SDK. Without it, texts; Python does not show the warning by default. With it
#   (pandas or boto3 bring it), Huawei Cloud's times, which have no zone, become datetimes with one. Open Telekom
#   Cloud's, which end in +00:00, stay texts, for the SDK adds a Z to them before it parses. A program that compares
#   times works or fails with what else is installed. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from huaweicloudsdkcbr.v1 import CbrClient, ListBackupsRequest
from huaweicloudsdkcore.auth.credentials import BasicCredentials


class Cbr(BaseHTTPRequestHandler):
    def do_GET(self):
        times = ["2026-11-29T12:00:00.250000", "2026-11-29T12:00:00.250000+00:00"]
        body = json.dumps({"backups": [{"created_at": time} for time in times], "count": 2}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Cbr)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{server.server_port}"
client = CbrClient.new_builder().with_credentials(BasicCredentials("AK", "SK", "p")).with_endpoint(endpoint).build()
backups = client.list_backups(ListBackupsRequest()).backups
print(", ".join(type(backup.created_at).__name__ for backup in backups))
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet huaweicloudsdkcbr==3.1.219
seen() { "$folder/venv/bin/python" "$folder/program.py" 2> "$folder/warnings"; }
without=$(seen)
warnings=$(wc -l < "$folder/warnings")
"$folder/venv/bin/pip" install --quiet python-dateutil==2.9.0.post0
with=$(seen)
echo "huaweicloudsdkcbr 3.1.219: without dateutil $without ($warnings warnings), with it $with (expected: datetime)"
test "$without ($warnings), $with" = "str, str (0), datetime, str"
