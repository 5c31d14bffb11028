// pinestream by topics: an event is published once, and each stream is piped from the topic.

import { POSITION_EVENT } from "../event.ts";
import { channelOf, listen, progress } from "./pinestream-app.ts";
import { serve } from "./serve.ts";

serve(
  {
    listen: () => listen("piped"),
    publish: (event, topic) => void channelOf(topic).publish(POSITION_EVENT, event),
  },
  progress,
);
