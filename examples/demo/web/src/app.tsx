import { Announcer } from "./components/announcer.tsx";
import { Masthead } from "./components/masthead.tsx";
import { Logbook } from "./panels/logbook.tsx";
import { Notices } from "./panels/notices.tsx";
import { Radio } from "./panels/radio.tsx";
import { Station } from "./panels/station.tsx";
import { Unloading } from "./panels/unloading.tsx";

/** The page: five panels, each of them a live stream. */
export function App() {
  return (
    <>
      <a className="skip-link" href="#panels">
        Skip to the panels
      </a>
      <Masthead />
      <main id="panels" className="panels" tabIndex={-1}>
        <Notices />
        <Unloading />
        <Logbook />
        <Radio />
        <Station />
      </main>
      <footer className="colophon">
        <p>
          Five event streams of one <strong>pinestream</strong> server. The windows of this browser share one
          connection for each.
        </p>
      </footer>
      <Announcer />
    </>
  );
}
