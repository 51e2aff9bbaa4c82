#!/usr/bin/env bash
# github.com/pulumi/pulumi/pkg/v3 3.276.0 (Go): making a Python SDK changes what is made after it from the same bound
# schema. Who generates the SDKs of several languages in one process gets another Go SDK for another order.
#
# Expected: a generator reads the schema; the Go SDK has `PolicyDelete` for the value named `Delete`, whether a Python
#   SDK was made before it or not.
# Seen: `PolicyDelete` alone, `PolicyDELETE` after Python: the Python generator writes its upper-case names into the package
#   that it was given. Programs written for one of the two do not compile with the other. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'MOD'
module finding
go 1.24
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"regexp"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	text := schema.TypeSpec{Type: "string"}
	policy := schema.PropertySpec{TypeSpec: schema.TypeSpec{Ref: "#/types/demo:index:Policy"}}
	properties := map[string]schema.PropertySpec{"policy": policy}
	spec := schema.PackageSpec{
		Name:    "demo",
		Version: "1.0.0",
		Meta:    &schema.MetadataSpec{ModuleFormat: "(.*)"},
		Types: map[string]schema.ComplexTypeSpec{"demo:index:Policy": {
			ObjectTypeSpec: schema.ObjectTypeSpec{Type: text.Type},
			Enum:           []schema.EnumValueSpec{{Name: "Delete", Value: "delete"}, {Name: "Retain", Value: "retain"}},
		}},
		Resources: map[string]schema.ResourceSpec{"demo:index:Thing": {
			ObjectTypeSpec:  schema.ObjectTypeSpec{Properties: properties},
			InputProperties: properties,
		}},
	}
	alone := constant(bind(spec))
	shared := bind(spec)
	_, err := python.GeneratePackage("finding", shared, nil, nil)
	check(err)
	fmt.Printf("%s alone, %s after Python\n", alone, constant(shared))
}

func bind(spec schema.PackageSpec) *schema.Package {
	bound, diagnostics, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	check(err)
	if diagnostics.HasErrors() {
		panic(diagnostics.Error())
	}
	return bound
}

// The Go name of the value `delete`.
func constant(bound *schema.Package) string {
	files, err := gogen.GeneratePackage("finding", bound, nil)
	check(err)
	match := regexp.MustCompile(`(\w+)\s*= Policy\("delete"\)`).FindSubmatch(files["demo/pulumiEnums.go"])
	if match == nil {
		panic("no such constant")
	}
	return string(match[1])
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
GO
go get github.com/pulumi/pulumi/pkg/v3@v3.276.0 2> /dev/null
go mod tidy 2> /dev/null
go build -o finding .
seen=$(./finding)
echo "$seen (expected: PolicyDelete both times)"
test "$seen" = "PolicyDelete alone, PolicyDELETE after Python"
