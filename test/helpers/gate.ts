/** A promise that a test opens by hand, for a handler to wait at. */
export interface Gate<Value = void> {
  promise: Promise<Value>;
  open(value: Value): void;
}

/** Makes a closed gate. */
export function gate<Value = void>(): Gate<Value> {
  let open!: (value: Value) => void;
  const promise = new Promise<Value>((resolve) => (open = resolve));
  return { promise, open };
}
