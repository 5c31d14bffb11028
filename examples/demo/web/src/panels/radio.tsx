import { useState } from "react";
import { ActionForm } from "../components/action-form.tsx";
import { Choice, Field } from "../components/field.tsx";
import { Panel } from "../components/panel.tsx";
import { Talk } from "../components/talk.tsx";
import { useCallSign } from "../hooks/use-call-sign.ts";
import { useChannel } from "../hooks/use-channel.ts";
import { office } from "../office.ts";

const CHANNELS = [6, 12, 16, 72];

/** The chat: marine radio. Each window is a skipper of its own. */
export function Radio() {
  const [channel, setChannel] = useState(12);
  const [callSign, setCallSign] = useCallSign();
  const { lines, presence, isLoaded, connection, retry } = useChannel(channel, callSign);
  const onAir = [...presence].flatMap(([name, isHere]) => (isHere ? [name] : [])).sort();
  return (
    <Panel
      id="radio"
      title="Radio"
      flag="R"
      connection={connection}
      onRetry={retry}
      controls={
        <Choice
          label="Channel"
          options={CHANNELS}
          value={channel}
          onChange={(event) => setChannel(Number(event.target.value))}
        />
      }
    >
      <div className="on-air">
        <h3>On air</h3>
        <ul aria-label="On air">
          {onAir.map((name) => (
            <li key={name} data-own={name === callSign}>
              {name}
              {name === callSign && <span className="visually-hidden"> (you)</span>}
            </li>
          ))}
        </ul>
        {onAir.length === 0 && <p>nobody yet</p>}
      </div>
      <Talk {...{ channel, callSign, lines, isLoaded }} isBusy={connection.status !== "open"} />
      <ActionForm
        label="Speak on the radio"
        submit="Transmit"
        done="Sent."
        clears={["text"]}
        onSubmit={(fields) => office.radio.transmit({ channel, callSign, text: String(fields.get("text")) })}
      >
        <CallSignField callSign={callSign} onChange={setCallSign} />
        <Field label="Say" name="text" wide required maxLength={280} placeholder="Radio check, over." />
      </ActionForm>
    </Panel>
  );
}

/** Who speaks. It counts when it has been typed to its end, for every call sign is told to the others. */
function CallSignField({ callSign, onChange }: { callSign: string; onChange: (callSign: string) => void }) {
  const [text, setText] = useState(callSign);
  const commit = (): void => {
    const next = text.trim();
    if (next === "") setText(callSign);
    else if (next !== callSign) onChange(next);
  };
  return (
    <Field
      label="Your call sign"
      name="callSign"
      required
      maxLength={24}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}
