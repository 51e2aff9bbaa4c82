#!/usr/bin/env bash
# huaweicloudsdkcore 3.1.219 (Python) and huaweicloud-sdk-go-v3 0.1.207 (Go) read one credentials file differently.
#
# Expected: ~/.huaweicloud/credentials is shared by the vendor's SDKs, so `ak = "AK"` is one key for both of them.
# Seen: Python keeps the quotation marks as parts of the key, and every call is refused; Go takes them off. The other
#   way round, Go cuts `sk = S#K` off at the number sign, which Python keeps. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '[basic]\nak = "AK"\nsk = S#K\n' > "$folder/credentials"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet huaweicloudsdkcore==3.1.219
python=$(HUAWEICLOUD_SDK_CREDENTIALS_FILE="$folder/credentials" "$folder/venv/bin/python" - <<'PY'
from huaweicloudsdkcore.auth.provider import ProfileCredentialProvider
credentials = ProfileCredentialProvider.get_basic().get_credentials()
print(f"ak {credentials.ak} sk {credentials.sk}")
PY
)
mkdir "$folder/go" && cd "$folder/go"
cat > go.mod <<'MOD'
module finding
go 1.20
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/provider"
)

func main() {
	credentials, err := provider.BasicCredentialProfileProvider().GetCredentials()
	if err != nil {
		panic(err)
	}
	keys := credentials.(*basic.Credentials)
	fmt.Printf("ak %s sk %s\n", keys.AK, keys.SK)
}
GO
go get github.com/huaweicloud/huaweicloud-sdk-go-v3@v0.1.207 2> /dev/null
go mod tidy 2> /dev/null
go=$(HUAWEICLOUD_SDK_CREDENTIALS_FILE="$folder/credentials" go run .)
echo "huaweicloudsdkcore 3.1.219: $python; huaweicloud-sdk-go-v3 0.1.207: $go (expected: ak AK sk S#K from both)"
test "$python" = 'ak "AK" sk S#K'
test "$go" = 'ak AK sk S'
