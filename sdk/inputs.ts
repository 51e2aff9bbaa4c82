import type * as pulumi from "@pulumi/pulumi";

/** A schema's input type with every value, at every depth, as a `pulumi.Input`. */
export type ArgsOf<T> = { [K in keyof T]: Arg<T[K]> };

/** One of them. Declarations write `ArgsOf` out, so that the compiler's messages name the interface. */
export type Arg<T> = unknown extends T
    ? unknown
    : ComposedArg<Extract<T, object>> | PlainArg<Exclude<T, object | undefined>> | Extract<T, undefined>;

type ComposedArg<T> = T extends readonly (infer Item)[]
    ? pulumi.Input<readonly Arg<Item>[]>
    : pulumi.Input<{ [K in keyof T]: Arg<T[K]> }>;

/** Not by each member: an Output of `boolean` is neither one of `true` nor one of `false`. */
type PlainArg<T> = [T] extends [never] ? never : pulumi.Input<T>;

/** A schema's output type with every property as a `pulumi.Output`; what may be missing says so in its value. */
export type Outputs<T> = { readonly [K in keyof Required<T>]: pulumi.Output<T[K & keyof T]> };
