#!/usr/bin/env bash
# huaweicloud-sdk-go-v3 0.1.207: a backup without an expiry date expires in the year 1, if the answer says "".
#
# Expected: `ExpiredAt` is a pointer, so that nil means "kept for ever", as it does for null and for an absent field;
#   an empty text, which CBR uses for "no value" as well, is nil, too, or an error.
# Seen: a pointer to 0001-01-01T00:00:00Z: "older than now" is true for it, and a script that cleans up what has expired
#   takes the backups that are kept for ever. Fails when that changes.
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
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	keys, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithProjectId("p").SafeBuild()
	check(err)
	http, err := cbr.CbrClientBuilder().WithCredential(keys).WithEndpoints([]string{server.URL}).SafeBuild()
	check(err)
	client := cbr.NewCbrClient(http)
	for _, value := range []string{"null", `""`} {
		answer = `{"backups": [{"id": "b", "status": "available", "expired_at": ` + value + `}], "count": 1}`
		response, err := client.ListBackups(&model.ListBackupsRequest{})
		check(err)
		expiry := (*response.Backups)[0].ExpiredAt
		if expiry == nil {
			fmt.Printf("%s is never; ", value)
		} else {
			fmt.Printf("%s is %s, past: %t", value, expiry, time.Time(*expiry).Before(time.Now()))
		}
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
seen=$(go run .)
echo "huaweicloud-sdk-go-v3 0.1.207: $seen (expected: null is never; \"\" is never)"
test "$seen" = 'null is never; "" is 0001-01-01T00:00:00Z, past: true'
