// What a page loads that shares its streams: the client, and what sharing adds to it.
export * from "pinestream/client";
export * from "pinestream/client/tabs";
