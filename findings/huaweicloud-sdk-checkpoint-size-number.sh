#!/usr/bin/env bash
# huaweicloudsdkcbr 3.1.219 (Python) and huaweicloud-sdk-go-v3 0.1.207 (Go) read one answer of CreateCheckpoint
# differently: with the resource's size as a number, Go loses the restore point that was just begun.
#
# Expected: both are made from one definition, so both read the answer, or neither does. The pages show the size in a
#   checkpoint as text ("40", Huawei Cloud) and as a number (40, Open Telekom Cloud); elsewhere it is a number.
# Seen: Python gives the text "40". Go gives an error and no response, for an answer of status 200: the backup runs, and
#   its id is not in the error's fields. Who tries again pays for a second one. Fails when that changes.
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
	"errors"
	"fmt"
	"os"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"
)

func main() {
	keys, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithProjectId("p").SafeBuild()
	check(err)
	http, err := cbr.CbrClientBuilder().WithCredential(keys).WithEndpoints([]string{os.Args[1]}).SafeBuild()
	check(err)
	body := &model.VaultBackupReq{Checkpoint: &model.VaultBackup{VaultId: "v"}}
	response, err := cbr.NewCbrClient(http).CreateCheckpoint(&model.CreateCheckpointRequest{Body: body})
	var refused *sdkerr.ServiceResponseError
	if errors.As(err, &refused) {
		fmt.Printf("status %d, response %v, error code %q", refused.StatusCode, response, refused.ErrorCode)
		return
	}
	check(err)
	fmt.Printf("id %s, size %s", response.Checkpoint.Id, *(*response.Checkpoint.Vault.Resources)[0].ResourceSize)
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

from huaweicloudsdkcbr.v1 import CbrClient, CreateCheckpointRequest, VaultBackup, VaultBackupReq
from huaweicloudsdkcore.auth.credentials import BasicCredentials

resource = {"id": "s", "name": "web", "type": "OS::Nova::Server", "resource_size": 40}
vault = {"id": "v", "name": "vault", "resources": [resource]}
answer = {"checkpoint": {"id": "c", "status": "protecting", "vault": vault}}


class Cbr(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(answer).encode()
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
request = CreateCheckpointRequest(VaultBackupReq(VaultBackup(vault_id="v")))
checkpoint = client.create_checkpoint(request).checkpoint
print(f"Python: id {checkpoint.id}, size {checkpoint.vault.resources[0].resource_size};")
go = subprocess.run(["./finding", endpoint], check=True, capture_output=True, text=True)
print(f"Go: {go.stdout}")
PY
)
echo "$seen (expected: id c, size 40 from both)"
test "$seen" = 'Python: id c, size 40;
Go: status 200, response <nil>, error code ""'
