// Pulumi's SDK loads the TypeScript compiler with everything else, for a quarter of the time that a dynamic provider takes to
// start, and a provider never uses it: loaded when it is first asked for something.
const Module = require("node:module");
const load = Module._load;
Module._load = function (request, parent, isMain) {
    if (request !== "typescript") return load.call(this, request, parent, isMain);
    return new Proxy({}, { get: (_target, name) => load.call(Module, request, parent, isMain)[name] });
};
