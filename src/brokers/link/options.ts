import { BrokerError } from "../../errors/topic-errors.ts";

/** Whether a broker can be reached. */
export interface BrokerStatus {
  isConnected: boolean;
  /** Why not. */
  error?: unknown;
}

/** Options that all brokers outside the process have. */
export interface ConnectedBrokerOptions {
  /**
   * What the names of everything that is kept begin with, so that applications can share a server; `pinestream`
   * by default. Letters, digits, `-` and `_`.
   */
  prefix?: string;
  /** Most time in ms that a publish waits while the broker is away; 5,000 by default, 0 to fail at once. */
  publishTimeout?: number;
  /** Called when the broker goes away and when it is back. By default going away is a warning of the process. */
  onStatus?: (status: BrokerStatus) => void;
}

/** Checks the options and fills in the defaults. @throws BrokerError */
export function checkOptions(
  kind: string,
  options: ConnectedBrokerOptions,
): Required<ConnectedBrokerOptions> {
  const { prefix = "pinestream", publishTimeout = 5_000 } = options;
  if (typeof prefix !== "string" || !/^[\w-]{1,64}$/.test(prefix)) {
    throw new BrokerError(
      kind,
      `prefix is ${JSON.stringify(prefix)}. Use 1 to 64 letters, digits, "-" and "_".`,
    );
  }
  if (!(publishTimeout >= 0)) {
    throw new BrokerError(kind, `publishTimeout is ${publishTimeout}. Give a time in ms, 0 to fail at once.`);
  }
  return { prefix, publishTimeout, onStatus: options.onStatus ?? ((status) => warn(kind, status)) };
}

function warn(kind: string, { isConnected, error }: BrokerStatus): void {
  if (isConnected) return;
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`${kind} broker: it is away (${reason}); streams stay open until it is back.`, {
    type: "PinestreamWarning",
    code: "PINE_BROKER",
  });
}
