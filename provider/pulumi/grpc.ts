/** Pulumi's own copies of what speaks its protocol, which are no dependencies of ours. */
import { createRequire } from "node:module";

const fromPulumi = (name: string): unknown => createRequire(require.resolve("@pulumi/pulumi"))(name);

export const grpc = () => fromPulumi("@grpc/grpc-js") as typeof import("@grpc/grpc-js");

/** Protobuf's own message types: `struct`, `empty`, `any`. */
export const structProto = () =>
    fromPulumi(
        "google-protobuf/google/protobuf/struct_pb.js",
    ) as typeof import("google-protobuf/google/protobuf/struct_pb");
export const emptyProto = () =>
    fromPulumi(
        "google-protobuf/google/protobuf/empty_pb.js",
    ) as typeof import("google-protobuf/google/protobuf/empty_pb");
export const anyProto = () =>
    fromPulumi("google-protobuf/google/protobuf/any_pb.js") as typeof import("google-protobuf/google/protobuf/any_pb");
