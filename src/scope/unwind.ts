/**
 * A place at which a handler whose stream is over may be unwound: returns at once, except on the own await
 * chain of such a handler when it has come round to the same place in a later turn of the event loop.
 *
 * @throws StreamClosedError then.
 */
export function unwindPoint(): void {}
