// pinestream by connections: each is given the event by a publish of its own, which validates and encodes it.

import { POSITION_EVENT } from "../event.ts";
import { connections, listen, progress } from "./pinestream-app.ts";
import { serve } from "./serve.ts";

serve(
  {
    listen: () => listen("published"),
    publish(event) {
      const options = { id: String(event.n) };
      for (const connection of connections) connection.publish(POSITION_EVENT, event, options);
    },
  },
  progress,
);
