import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { shareListenMethods } from "./share-listen-methods.ts";

/** Opens connections to a server that shares, and gives its own sides of them. */
async function openSockets(count: number): Promise<{ client: Socket; socket: Socket }[]> {
  const server = createServer();
  shareListenMethods(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const pairs: { client: Socket; socket: Socket }[] = [];
  onTestFinished(() => {
    for (const { client } of pairs) client.destroy();
    server.close();
  });
  for (let n = 0; n < count; n++) {
    const client = connect(port, "127.0.0.1");
    const [socket] = (await once(server, "connection")) as [Socket];
    pairs.push({ client, socket });
  }
  return pairs;
}

test("all sockets of HTTP servers have the same functions to listen with", async () => {
  const [first, second] = await openSockets(2);
  const [other] = await openSockets(1);
  for (const name of ["on", "addListener", "prependListener"] as const) {
    expect(Object.hasOwn(second!.socket, name)).toBe(true);
    expect(second!.socket[name]).toBe(first!.socket[name]);
    expect(other!.socket[name]).toBe(first!.socket[name]);
  }
});

test("who listens on one of them is given its bytes, which the parser keeps to itself otherwise", async () => {
  const [, second] = await openSockets(2);
  const heard: string[] = [];
  second!.socket.on("data", (bytes: Buffer) => heard.push(bytes.toString()));
  second!.client.write("GET / HTTP/1.1\r\n");
  await once(second!.socket, "data");
  expect(heard.join("")).toBe("GET / HTTP/1.1\r\n");
});

test("a function that somebody else has put there stays", async () => {
  const server = createServer();
  const theirs = (): Socket => undefined as unknown as Socket;
  server.on("connection", (socket: Socket) => (socket.on = theirs));
  shareListenMethods(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  const [socket] = (await once(server, "connection")) as [Socket];
  expect(socket.on).toBe(theirs);
});
