import { useEffect, useState } from "react";
import { useStored } from "./use-stored.ts";

const NAMES = [
  "Avocet",
  "Brent",
  "Curlew",
  "Dunlin",
  "Eider",
  "Fulmar",
  "Gannet",
  "Knot",
  "Petrel",
  "Plover",
];

/** The call sign of this window, which it keeps over a reload. */
export function useCallSign(): [string, (callSign: string) => void] {
  const [drawn] = useState(drawName);
  const [stored, setStored] = useStored("call-sign", "sessionStorage");
  useEffect(() => {
    if (stored === undefined) setStored(drawn);
  }, [stored, setStored, drawn]);
  return [stored ?? drawn, setStored];
}

function drawName(): string {
  return `${NAMES[Math.floor(Math.random() * NAMES.length)]} ${Math.ceil(Math.random() * 99)}`;
}
