#!/usr/bin/env bash
# huaweicloud-sdk-go-v3 0.1.207: a time with the offset +08:00 is read as UTC, eight hours late; one with any other is right.
#
# Expected: 12:00:00+08:00 and 06:00:00+02:00 are the same moment, 04:00 UTC.
# Seen: the first is 12:00 UTC. The SDK tries the layout "2006-01-02T15:04:05+08:00" before RFC 3339; to Go the digits of
#   that offset are plain text, so it is matched and thrown away. It is the offset of the vendor's home. Fails when that
#   changes.
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
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"backups": [{"created_at": "2026-11-29T12:00:00.250000+08:00"},
			{"created_at": "2026-11-29T06:00:00.250000+02:00"}], "count": 2}`)
	}))
	defer server.Close()
	keys, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithProjectId("p").SafeBuild()
	check(err)
	http, err := cbr.CbrClientBuilder().WithCredential(keys).WithEndpoints([]string{server.URL}).SafeBuild()
	check(err)
	answer, err := cbr.NewCbrClient(http).ListBackups(&model.ListBackupsRequest{})
	check(err)
	backups := *answer.Backups
	read := func(index int) string { return time.Time(*backups[index].CreatedAt).UTC().Format("15:04") }
	fmt.Printf("12:00+08:00 is %s UTC, 06:00+02:00 is %s UTC", read(0), read(1))
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
echo "huaweicloud-sdk-go-v3 0.1.207: $seen (expected: 04:00 UTC both)"
test "$seen" = "12:00+08:00 is 12:00 UTC, 06:00+02:00 is 04:00 UTC"
