#!/usr/bin/env bash
# huaweicloudsdkcbr 3.1.219 (Python) and huaweicloud-sdk-go-v3 0.1.207 (Go): RestoreBackup returns nothing of the task
# that it began.
#
# Expected: the service answers 202 with {"job_id": …}, the id of the operation log, by which the vendor's Terraform
#   provider waits; the vendor's SDKs return it, so that a program can wait for the end, which takes minutes to hours.
# Seen: the response types have no field. In Go the id is gone, and a program has to look for its restoration among
#   the tasks; in Python it is no attribute and not printed, but left in `to_json_object()`. Fails when that changes.
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
	"fmt"
	"os"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"
)

func main() {
	keys, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithProjectId("p").SafeBuild()
	check(err)
	http, err := cbr.CbrClientBuilder().WithCredential(keys).WithEndpoints([]string{os.Args[1]}).SafeBuild()
	check(err)
	disk := "volume"
	body := &model.BackupRestoreReq{Restore: &model.BackupRestore{VolumeId: &disk}}
	response, err := cbr.NewCbrClient(http).RestoreBackup(&model.RestoreBackupRequest{BackupId: "b", Body: body})
	check(err)
	fmt.Print(strings.TrimSpace(response.String()))
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

from huaweicloudsdkcbr.v1 import BackupRestore, BackupRestoreReq, CbrClient, RestoreBackupRequest
from huaweicloudsdkcore.auth.credentials import BasicCredentials


class Cbr(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"job_id": "task-1"}).encode()
        self.send_response(202)
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
body = BackupRestoreReq(restore=BackupRestore(volume_id="volume"))
response = client.restore_backup(RestoreBackupRequest(backup_id="b", body=body))
go = subprocess.run(["./finding", endpoint], check=True, capture_output=True, text=True)
print(f"Python {response}, attribute {hasattr(response, 'job_id')}, left {response.to_json_object()}; Go {go.stdout}")
PY
)
echo "huaweicloudsdkcbr 3.1.219, huaweicloud-sdk-go-v3 0.1.207: $seen (expected: job_id task-1 from both)"
test "$seen" = "Python {}, attribute False, left {'job_id': 'task-1'}; Go RestoreBackupResponse {}"
