#!/usr/bin/env bash
# huaweicloudsdkcore 3.1.219 (Python) and huaweicloud-sdk-go-v3 0.1.207 (Go): credentials that were used for one region
# send that region's project to every other one.
#
# Expected: keys without a project id are good for all regions, and each client looks up the project of its own region
#   (`with_region`), so one credentials object serves two clients, of the source and of the destination of a copy.
# Seen: the first client that is built writes its project id into the credentials it was given; the second one takes it
#   from there, looks up nothing, and asks eu-nl for the backups of eu-de's project: refused, or "not found". Fails
#   when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
mkdir "$folder/go" && cd "$folder/go"
cat > go.mod <<'MOD'
module finding
go 1.20
MOD
cat > main.go <<'GO'
package main

import (
	"os"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"
)

func main() {
	keys, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithIamEndpointOverride(os.Args[1]).SafeBuild()
	check(err)
	for index, name := range []string{"eu-de", "eu-nl"} {
		where := region.NewRegion(name, os.Args[index+1])
		http, err := cbr.CbrClientBuilder().WithCredential(keys).WithRegion(where).SafeBuild()
		check(err)
		_, err = cbr.NewCbrClient(http).ListBackups(&model.ListBackupsRequest{})
		check(err)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
GO
go get github.com/huaweicloud/huaweicloud-sdk-go-v3@v0.1.207 2> /dev/null
go mod tidy 2> /dev/null
go build -o finding .
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet huaweicloudsdkcbr==3.1.219
seen=$("$folder/venv/bin/python" -W ignore - <<'PY'
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from huaweicloudsdkcbr.v1 import CbrClient, ListBackupsRequest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.region.region import Region

asked = []
names = {}


class Cloud(BaseHTTPRequestHandler):
    """CBR of one region, and IAM, which knows the projects of both."""

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/v3/projects":
            name = parse_qs(url.query)["name"][0]
            answer = {"projects": [{"id": f"project-of-{name}", "name": name}]}
        else:
            asked.append(f"{names[self.server.server_port]} for {self.headers['X-Project-Id']}")
            answer = {"backups": [], "count": 0}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def start(name):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    names[server.server_port] = name
    return f"http://127.0.0.1:{server.server_port}"


endpoints = [start("eu-de"), start("eu-nl")]
keys = BasicCredentials("AK", "SK").with_iam_endpoint(endpoints[0])
for name, endpoint in zip(("eu-de", "eu-nl"), endpoints):
    client = CbrClient.new_builder().with_credentials(keys).with_region(Region(name, endpoint)).build()
    client.list_backups(ListBackupsRequest())
print("Python asks", " and ".join(asked))
asked.clear()
subprocess.run(["./finding", *endpoints], check=True)
print("Go asks", " and ".join(asked))
PY
)
echo "$seen (expected: eu-de for project-of-eu-de and eu-nl for project-of-eu-nl from both)"
test "$seen" = 'Python asks eu-de for project-of-eu-de and eu-nl for project-of-eu-de
Go asks eu-de for project-of-eu-de and eu-nl for project-of-eu-de'
