// Everything that the client and the hooks export, as one module.
export * from "../../src/client/index.ts";
export * from "../../src/react/index.ts";
