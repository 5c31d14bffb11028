import { useEffect } from "react";
import { useStreamReducer } from "pinestream/react";
import type { RadioStreamChannelEvents } from "../../generated/api.ts";
import { office, signOffInPassing } from "../office.ts";
import { announce } from "../state/announcements.ts";
import type { ConnectionState } from "../state/connections.ts";
import { joinChannel, takeEvent, SILENCE, type ChannelState } from "../state/channel.ts";
import { useLoaded } from "./use-loaded.ts";
import { useRetry } from "./use-retry.ts";

type Transmission = RadioStreamChannelEvents["transmission"];

/** How often we say that we are still there, which is believed for two and a half minutes. */
const RENEW_MS = 60_000;

/** One radio channel as it is heard by `callSign`, who is on the air as long as this is used. */
export function useChannel(
  channel: number,
  callSign: string,
): ChannelState & { isLoaded: boolean; connection: ConnectionState; retry: () => void } {
  const { enabled, retry } = useRetry();
  const { state, status, error, retryCount, isConnected } = useStreamReducer(
    office.radio.streamChannel,
    { channel },
    (heard: ChannelState, received) => {
      if (received.event === "transmission") tell(received.data, callSign);
      return takeEvent(heard, received);
    },
    SILENCE,
    { enabled, ownConnection: true },
  );
  useOnAir(channel, callSign, isConnected);

  // The stream begins with what another window's has come to, so what was before is asked for when it is open.
  const isOpened = isConnected || state.lines.length > 0;
  const before = useLoaded(`${channel} ${isOpened}`, async (signal) =>
    isOpened ? await office.radio.recent({ channel }, { signal }) : undefined,
  );
  return {
    ...(before.value ? joinChannel(before.value, state) : state),
    isLoaded: before.value !== undefined || state.isWhole,
    connection: { status, error, retryCount },
    retry,
  };
}

/** Has the others see us on the channel; signs on anew after a reconnection, which may have been to a new server. */
function useOnAir(channel: number, callSign: string, isConnected: boolean): void {
  useEffect(() => {
    if (!isConnected) return undefined;
    // What goes wrong is seen at the stream; here it is tried again soon enough.
    const signOn = (): void => void office.radio.signOn({ channel, callSign }).catch(() => undefined);
    signOn();
    const timer = setInterval(signOn, RENEW_MS);
    return () => clearInterval(timer);
  }, [channel, callSign, isConnected]);
  useEffect(() => {
    const signOff = (): void => signOffInPassing({ channel, callSign });
    window.addEventListener("pagehide", signOff);
    return () => {
      window.removeEventListener("pagehide", signOff);
      signOff();
    };
  }, [channel, callSign]);
}

function tell({ callSign, text, sentAt }: Transmission, own: string): void {
  // Those of before are read by whoever looks for them.
  if (callSign !== own && Date.now() - sentAt.getTime() < 60_000) announce(`${callSign}: ${text}`);
}
