#!/usr/bin/env bash
# huaweicloud-sdk-go-v3 0.1.207: with the SDK's own retry (`WithRetry`) the last answer keeps values of the earlier ones.
#
# Expected: each attempt gives an answer of its own; a field that the last one lacks is nil. The checker gets the answer,
#   so waiting for a status, or until a list is short enough, is what it is for.
# Seen: all attempts are read into one object, and JSON reads a list into the elements that are there. Here the first answer
#   has the backups a and b, the second one b alone, without a replica: b comes with the replica of a, and whoever
#   deletes what has been copied deletes the only one. The same for any field that an answer leaves out. The Python SDK
#   reads each answer anew. Fails when that changes.
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
	"net/http"
	"net/http/httptest"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/invoker/retry"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"
)

func main() {
	answers := []string{
		`{"backups": [{"id": "a", "replication_records": [{"id": "copy-of-a"}]}, {"id": "b"}], "count": 2}`,
		`{"backups": [{"id": "b"}], "count": 1}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answers[0])
		answers = answers[1:]
	}))
	defer server.Close()
	keys, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithProjectId("p").SafeBuild()
	check(err)
	http, err := cbr.CbrClientBuilder().WithCredential(keys).WithEndpoints([]string{server.URL}).SafeBuild()
	check(err)
	call := cbr.NewCbrClient(http).ListBackupsInvoker(&model.ListBackupsRequest{})
	call.WithRetry(5, func(answer any, err error) bool {
		return err == nil && *answer.(*model.ListBackupsResponse).Count > 1
	}, new(retry.None))
	answer, err := call.Invoke()
	check(err)
	for _, backup := range *answer.Backups {
		fmt.Printf("%s, copied as %s", backup.Id, records(backup.ReplicationRecords))
	}
}

func records(list *[]model.ReplicationRecordGet) string {
	if list == nil || len(*list) == 0 {
		return "nothing"
	}
	return (*list)[0].Id
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
GO
go get github.com/huaweicloud/huaweicloud-sdk-go-v3@v0.1.207 2> /dev/null
go mod tidy 2> /dev/null
seen=$(go run .)
echo "huaweicloud-sdk-go-v3 0.1.207, after one retry: $seen (expected: b, copied as nothing)"
test "$seen" = "b, copied as copy-of-a"
