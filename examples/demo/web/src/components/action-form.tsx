import type { ReactNode, SubmitEvent } from "react";
import { useAction } from "../hooks/use-action.ts";

/** A form that makes something happen, and says below it what became of it. */
export function ActionForm({
  label,
  submit,
  done,
  clears = [],
  onSubmit,
  children,
}: {
  /** Its name, for those who don't see where it stands. */
  label: string;
  /** Words of its button. */
  submit: string;
  /** What is said when all went well. */
  done?: string;
  /** Names of the fields that are emptied then. */
  clears?: string[];
  onSubmit: (fields: FormData) => Promise<unknown>;
  children: ReactNode;
}) {
  const { run, isBusy, outcome, isBad } = useAction();
  const handle = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const isDone = await run(() => onSubmit(new FormData(form)), done);
    if (!isDone) return;
    for (const name of clears) {
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = "";
    }
    const first = form.elements.namedItem(clears[0] ?? "");
    if (first instanceof HTMLInputElement) first.focus();
  };
  return (
    <form className="action-form" aria-label={label} onSubmit={(event) => void handle(event)}>
      {children}
      <button type="submit" aria-disabled={isBusy}>
        {submit}
      </button>
      <p className="outcome" role="status" data-tone={isBad ? "bad" : "good"}>
        {outcome}
      </p>
    </form>
  );
}
