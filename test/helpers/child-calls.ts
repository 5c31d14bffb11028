/** In a child process: answers what the test asks with `Child.call`. */
export function serveCalls(functions: Record<string, (...args: any[]) => unknown>): void {
  process.on("message", (message: { call: string; id: number; args: unknown[] }) => {
    void (async () => {
      try {
        const result = await functions[message.call]!(...message.args);
        process.send?.({ reply: message.id, result });
      } catch (error) {
        process.send?.({ reply: message.id, error: String((error as Error).stack ?? error) });
      }
    })();
  });
}
