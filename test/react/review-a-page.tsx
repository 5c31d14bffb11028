// Two roots in one page, as islands.
import type { ReactNode } from "react";
import { hydrateRoot } from "react-dom/client";
import { useStream } from "pinestream/react";
import { createApi } from "./page.tsx";

export const seen: Record<string, unknown[]> = {};
const api = createApi({});

export function Island({ position }: { position: string }): ReactNode {
  const { status } = useStream(
    api.harbour.streamTides,
    {},
    { tide: (_data, { id }) => void (seen[position] ??= []).push(id) },
    { lastEventId: position },
  );
  return <output>{status}</output>;
}

export function hydrateIslands(): void {
  for (const position of ["a", "b"]) {
    hydrateRoot((globalThis as any).document.getElementById(position), <Island position={position} />);
  }
}

export const look = () => seen;
