import { ActionForm } from "../components/action-form.tsx";
import { ClockTime } from "../components/clock-time.tsx";
import { Empty } from "../components/empty.tsx";
import { Choice, Field } from "../components/field.tsx";
import { Panel } from "../components/panel.tsx";
import { ScrollBox } from "../components/scroll-box.tsx";
import { useEntries, type Entry } from "../hooks/use-entries.ts";
import { useLoaded } from "../hooks/use-loaded.ts";
import { office } from "../office.ts";
import { CONNECTING } from "../state/connections.ts";

const FRAME = { id: "logbook", title: "Logbook", flag: "L" } as const;
const KINDS = ["arrival", "departure", "sighting"] as const;

/** The feed: what the watch writes down, for all to read. */
export function Logbook() {
  const start = useLoaded("entries", (signal) => office.logEntry.latest({}, { signal }));
  if (start.value) return <LiveLogbook key={start.number} {...start.value} />;
  const connection =
    start.error === undefined ? CONNECTING : { ...CONNECTING, status: "failed" as const, error: start.error };
  return (
    <Panel {...FRAME} connection={connection} onRetry={start.reload}>
      <EntryList entries={undefined} isBusy />
    </Panel>
  );
}

function LiveLogbook(start: { entries: Entry[]; position: string }) {
  const { entries, connection, retry } = useEntries(start);
  return (
    <Panel {...FRAME} connection={connection} onRetry={retry}>
      <EntryList entries={entries} isBusy={connection.status !== "open"} />
    </Panel>
  );
}

function EntryList({ entries, isBusy }: { entries: readonly Entry[] | undefined; isBusy: boolean }) {
  return (
    <>
      <ScrollBox label="Log entries, newest first" isBusy={isBusy}>
        {entries?.length === 0 && <Empty>The book is empty. The first entry is yours to write.</Empty>}
        {!entries && <Empty>Opening the book…</Empty>}
        <ul className="entries">
          {entries?.map(({ id, kind, vessel, remark, writtenBy, createdAt }) => (
            <li key={id}>
              <p className="meta">
                <span className="tag" data-kind={kind}>
                  {kind}
                </span>
                <strong>{vessel}</strong>
                <ClockTime at={createdAt} />
              </p>
              <p>
                {remark} <span className="by">{writtenBy}</span>
              </p>
            </li>
          ))}
        </ul>
      </ScrollBox>
      <ActionForm
        label="Write into the logbook"
        submit="Write entry"
        done="Written."
        clears={["vessel", "remark"]}
        onSubmit={(fields) =>
          office.logEntry.write({
            kind: KINDS.find((kind) => kind === fields.get("kind")) ?? "sighting",
            vessel: String(fields.get("vessel")),
            remark: String(fields.get("remark")),
          })
        }
      >
        <Choice label="Kind" name="kind" options={KINDS} />
        <Field label="Vessel" name="vessel" required maxLength={40} placeholder="Avocet" />
        <Field
          label="Remark"
          name="remark"
          wide
          required
          maxLength={200}
          placeholder="Rounded the mole under full sail."
        />
      </ActionForm>
    </>
  );
}
