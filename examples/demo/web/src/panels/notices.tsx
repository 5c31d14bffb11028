import { useState } from "react";
import { ActionForm } from "../components/action-form.tsx";
import { ClockTime } from "../components/clock-time.tsx";
import { Empty } from "../components/empty.tsx";
import { Choice, Field } from "../components/field.tsx";
import { Panel, type PanelProps } from "../components/panel.tsx";
import { ScrollBox } from "../components/scroll-box.tsx";
import { useLoaded } from "../hooks/use-loaded.ts";
import { useNotices, type Notice } from "../hooks/use-notices.ts";
import { office } from "../office.ts";
import { CONNECTING } from "../state/connections.ts";

const BERTHS = Array.from({ length: 12 }, (_, index) => index + 1);
const KINDS = ["parcel", "weather", "fee", "work"] as const;

/** Notifications: what the office tells the skipper of one berth. */
export function Notices() {
  const [berth, setBerth] = useState(4);
  const start = useLoaded(`berth ${berth}`, (signal) => office.notice.latest({ berth }, { signal }));
  const frame: Frame = {
    id: "notices",
    title: "Notices",
    flag: "N",
    controls: (
      <Choice
        label="Berth"
        options={BERTHS}
        value={berth}
        onChange={(event) => setBerth(Number(event.target.value))}
      />
    ),
  };
  if (start.value)
    return <LiveNotices key={`${berth} ${start.number}`} {...{ frame, berth }} {...start.value} />;
  const connection =
    start.error === undefined ? CONNECTING : { ...CONNECTING, status: "failed" as const, error: start.error };
  return (
    <Panel {...frame} connection={connection} onRetry={start.reload}>
      <NoticeList berth={berth} notices={undefined} isBusy />
    </Panel>
  );
}

type Frame = Pick<PanelProps, "id" | "title" | "flag" | "controls">;

function LiveNotices({
  frame,
  berth,
  ...start
}: {
  frame: Frame;
  berth: number;
  notices: Notice[];
  position: string;
}) {
  const { notices, connection, retry } = useNotices(berth, start);
  return (
    <Panel {...frame} connection={connection} onRetry={retry}>
      <NoticeList berth={berth} notices={notices} isBusy={connection.status !== "open"} />
    </Panel>
  );
}

function NoticeList({
  berth,
  notices,
  isBusy,
}: {
  berth: number;
  notices: readonly Notice[] | undefined;
  isBusy: boolean;
}) {
  return (
    <>
      <ScrollBox label={`Notices for berth ${berth}, newest first`} isBusy={isBusy}>
        {notices?.length === 0 && (
          <Empty>Nothing for berth {berth} yet. What the office posts appears here.</Empty>
        )}
        {!notices && <Empty>Reading the notice board…</Empty>}
        <ul className="entries">
          {notices?.map(({ id, kind, text, createdAt }) => (
            <li key={id}>
              <p className="meta">
                <span className="tag" data-kind={kind}>
                  {kind}
                </span>
                <ClockTime at={createdAt} />
              </p>
              <p>{text}</p>
            </li>
          ))}
        </ul>
      </ScrollBox>
      <ActionForm
        label="Post a notice"
        submit="Post notice"
        done="Posted."
        clears={["text"]}
        onSubmit={(fields) =>
          office.notice.post({
            berth,
            kind: KINDS.find((kind) => kind === fields.get("kind")) ?? "parcel",
            text: String(fields.get("text")),
          })
        }
      >
        <Choice label="Kind" name="kind" options={KINDS} />
        <Field
          label="Notice to this berth"
          name="text"
          wide
          required
          maxLength={200}
          placeholder="Your new jib has arrived."
        />
      </ActionForm>
    </>
  );
}
