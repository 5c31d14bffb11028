import { LiveStream } from "./live-stream.js";
import { addItem, addStatus, postForm, statuses } from "./panel.js";

const $ = (selector) => document.querySelector(selector);

const notices = panel("#notices", {
  notice: ({ kind, text, createdAt }) =>
    addItem(notices.list, { title: kind, text, time: createdAt, tone: kind }),
});

const unloading = panel("#unloading", {
  progress: ({ vessel, moved, containers, percent }) => {
    $("#job-text").textContent = `${vessel}: ${moved} of ${containers} containers ashore (${percent} %).`;
    $("#job-progress").value = percent;
  },
  finished: ({ message }) => showResult("#job-result", message, "good"),
  // Published by the server under the name `error`; the connection's own errors never come here.
  error: ({ message }) => showResult("#job-result", message, "bad"),
});

const logbook = panel("#logbook", {
  entry: ({ kind, vessel, remark, writtenBy, createdAt }) =>
    addItem(logbook.list, { title: `${vessel}, ${kind}`, text: `${remark} (${writtenBy})`, time: createdAt }),
});

const onAir = new Set();
const radio = panel("#radio", {
  onAir: ({ callSigns }) => {
    onAir.clear();
    for (const callSign of callSigns) onAir.add(callSign);
    showOnAir();
  },
  joined: ({ callSign }) => {
    onAir.add(callSign);
    showOnAir();
    addItem(radio.list, { text: `${callSign} is on the channel.`, tone: "aside", atEnd: true });
  },
  left: ({ callSign }) => {
    onAir.delete(callSign);
    showOnAir();
    addItem(radio.list, { text: `${callSign} has left.`, tone: "aside", atEnd: true });
  },
  transmission: ({ callSign, text, sentAt }) =>
    addItem(radio.list, { title: callSign, text, time: sentAt, atEnd: true }),
});

const station = panel("#station", {
  reading: (reading) => {
    for (const output of document.querySelectorAll("[data-reading]")) {
      output.textContent = reading[output.dataset.reading];
    }
    for (const meter of document.querySelectorAll("[data-meter]")) meter.value = reading[meter.dataset.meter];
  },
  alarm: ({ level, message }) =>
    showResult("#alarm", message, { calm: "good", busy: "warn", overloaded: "bad" }[level]),
});

postForm(notices.form, { extra: () => ({ berth: Number($("#berth").value) }) });
postForm(logbook.form, {});
postForm(station.form, {});
postForm(radio.form, { extra: () => ({ channel: Number($("#channel").value) }) });
postForm(unloading.form, {
  done: ({ jobId }) => {
    $("#job-progress").value = 0;
    showResult("#job-result", "", "");
    unloading.stream.open(`/api/unloading/streamProgress?jobId=${jobId}`);
  },
});

$("#call-sign").value = recallCallSign();
$("#berth").addEventListener("change", watchBerth);
$("#channel").addEventListener("change", joinChannel);
$("#call-sign").addEventListener("change", joinChannel);

watchBerth();
logbook.stream.open("/api/logEntry/streamEntries");
joinChannel();
station.stream.open("/api/station/streamReadings");

// Nobody sees a tab in the background, and its connections are scarce: let go of them, and catch up on return.
// The radio stays on, for leaving a channel is something that the others are told.
document.addEventListener("visibilitychange", () => {
  for (const one of [notices, logbook, station]) {
    if (one.section.dataset.pinned) continue;
    if (document.hidden) one.stream.pause();
    else one.stream.resume();
  }
});

function panel(selector, handlers) {
  const section = $(selector);
  let stream;
  const setStatus = addStatus(section, () => stream, showOverall);
  stream = new LiveStream(handlers, setStatus);
  setStatus("idle");
  return { section, stream, list: section.querySelector(".list"), form: section.querySelector("form") };
}

function watchBerth() {
  notices.list.replaceChildren();
  notices.stream.open(`/api/notice/streamNotices?berth=${$("#berth").value}`);
}

function joinChannel() {
  const callSign = $("#call-sign").value.trim();
  if (!callSign) return;
  sessionStorage.setItem("callSign", callSign);
  radio.list.replaceChildren();
  radio.stream.open(
    `/api/radio/streamChannel?channel=${$("#channel").value}&callSign=${encodeURIComponent(callSign)}`,
  );
}

/** Each tab is a skipper of its own, who keeps the name over a reload. */
function recallCallSign() {
  const names = [
    "Avocet",
    "Brent",
    "Curlew",
    "Dunlin",
    "Eider",
    "Fulmar",
    "Gannet",
    "Knot",
    "Petrel",
    "Plover",
  ];
  return (
    sessionStorage.getItem("callSign") ??
    `${names[Math.floor(Math.random() * names.length)]} ${Math.ceil(Math.random() * 99)}`
  );
}

function showOnAir() {
  $("#on-air").textContent = [...onAir].sort().join(", ") || "nobody";
}

function showResult(selector, text, tone) {
  $(selector).textContent = text;
  $(selector).dataset.tone = tone;
}

function showOverall() {
  const states = [...statuses.values()];
  const open = states.filter((state) => state === "live").length;
  const troubled = states.some((state) => state === "lost" || state === "refused" || state === "slow");
  setText($("#overall"), troubled ? "Some streams are not connected" : open ? `Connected` : "Not connected");
  $("#overall").dataset.state = troubled ? "lost" : open ? "live" : "idle";

  $("#hint").hidden = !states.includes("slow");
  setText(
    $("#hint"),
    states.includes("slow")
      ? "A stream waits for a free connection. The browser may have used up its six for this server: pause a panel here or in another window."
      : "",
  );
}

/** A live region speaks whenever it is written to, so it is written to only when something changed. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
