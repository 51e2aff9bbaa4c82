// Pulumi's SDK loads the TypeScript compiler, the Automation API and a reader of package.json with everything else, for two
// fifths of the time that a dynamic provider takes to start, and a provider uses none of them: loaded when first asked for
// something.
const Module = require("node:module");
const load = Module._load;
const late = new Set(["typescript", "./automation", "normalize-package-data"]);
Module._load = function (request, parent, isMain) {
    if (!late.has(request)) return load.call(this, request, parent, isMain);
    const loaded = () => load.call(Module, request, parent, isMain);
    return new Proxy(() => {}, {
        // What a compiled `import *` asks first: of the three, the Automation API is compiled so.
        get: (_target, name) => (name === "__esModule" ? request === "./automation" : loaded()[name]),
        apply: (_target, self, args) => Reflect.apply(loaded(), self, args),
    });
};
