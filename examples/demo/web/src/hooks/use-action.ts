import { useState } from "react";
import { describeError } from "../state/describe-error.ts";

/** What became of an action that the user has asked for. */
export interface ActionState {
  isBusy: boolean;
  /** In words, empty before the first time. */
  outcome: string;
  isBad: boolean;
}

const IDLE: ActionState = { isBusy: false, outcome: "", isBad: false };

/** Runs an action, once at a time, and tells what became of it. `run` resolves to whether all went well. */
export function useAction(): ActionState & {
  run: (action: () => Promise<unknown>, done?: string) => Promise<boolean>;
} {
  const [state, setState] = useState(IDLE);
  return {
    ...state,
    async run(action, done = "Done.") {
      if (state.isBusy) return false;
      setState({ ...IDLE, isBusy: true });
      try {
        await action();
        setState({ ...IDLE, outcome: done });
        return true;
      } catch (error) {
        setState({ isBusy: false, outcome: describeError(error), isBad: true });
        return false;
      }
    },
  };
}
