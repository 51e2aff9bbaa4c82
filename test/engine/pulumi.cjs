#!/usr/bin/env node
"use strict";
// The local engine as a command: `node test/engine/pulumi.cjs up --yes --stack dev`.
require("./register.cjs");
require("./main.ts");
