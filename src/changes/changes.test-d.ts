import { BaseModel, type Change, type Changes } from "pinestream";

interface BoatRow {
  id: number;
  name: string;
  berth: number | null;
}

class BoatModel extends BaseModel<BoatRow> {}
class AnyModel extends BaseModel {}

const boats = new BoatModel();

export async function narrowing(): Promise<void> {
  const changes: Changes<BoatRow> = boats.changes();
  const ready: void = await changes.ready();
  for await (const change of boats.changes({
    wq: [["berth", "in", [1, null]]],
    signal: new AbortController().signal,
  })) {
    const whole: Change<BoatRow> = change;
    // @ts-expect-error -- before it is known to be no gap
    const early: BoatRow = change.row;
    if (change.gap) {
      const gap: true = change.gap;
      const none: undefined = change.row;
      void [gap, none];
      continue;
    }
    const row: BoatRow = change.row;
    const type: "insert" | "update" | "delete" = change.type;
    void [ready, whole, early, row, type];
  }
  for await (const change of boats.changes()) {
    switch (change.type) {
      case "insert":
      case "update":
      case "delete": {
        const name: string = change.row.name;
        void name;
        break;
      }
      default: {
        const gap: true = change.gap;
        void gap;
      }
    }
  }
}

// @ts-expect-error -- no such column
boats.changes({ wq: [["berht", 1]] });
// @ts-expect-error -- berths are numbers
boats.changes({ wq: [["berth", "=", "one"]] });
// @ts-expect-error -- no such option
boats.changes({ order: [["id", "ASC"]] });

export async function untyped(): Promise<void> {
  for await (const change of new AnyModel().changes({ wq: [["anything", "=", 1]] })) {
    if (!change.gap) change.row.anything.at.all();
  }
}
