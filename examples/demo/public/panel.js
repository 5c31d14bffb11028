// What all panels share: the status line with its pause button, lists that don't grow for ever, and forms
// that post JSON.

const WORDS = {
  connecting: "Connecting…",
  slow: "Waiting for a connection",
  live: "Live",
  lost: "Reconnecting…",
  refused: "Refused",
  paused: "Paused",
  ended: "Finished",
  idle: "Idle",
};

const KEPT_ITEMS = 60;

export const statuses = new Map();

/** Puts status and pause button into a panel's head; gives the function that shows a status. */
export function addStatus(panel, stream, whenChanged) {
  const name = panel.querySelector("h2").textContent;
  const status = element("span", "status", WORDS.idle);
  const button = element("button", "quiet-button", "Pause");
  button.type = "button";
  button.hidden = true;
  button.addEventListener("click", () => {
    // `pinned` tells a pause by hand from the one of a tab in the background.
    if (stream().isOpen) {
      panel.dataset.pinned = "yes";
      stream().pause();
    } else {
      delete panel.dataset.pinned;
      stream().resume();
    }
  });
  panel.querySelector(".head").append(status, button);

  return (state) => {
    status.textContent = WORDS[state];
    panel.dataset.state = state;
    button.hidden = state === "ended" || state === "idle";
    button.textContent = { paused: "Resume", refused: "Try again" }[state] ?? "Pause";
    button.setAttribute("aria-label", `${button.textContent} ${name}`);
    statuses.set(name, state);
    whenChanged();
  };
}

/** Adds an item at the top of a list (or the end, for talk) and drops the oldest ones beyond the bound. */
export function addItem(list, { title, text, time, tone, atEnd = false }) {
  const item = element("li", tone ?? "");
  if (title) item.append(element("strong", "", title), " ");
  item.append(element("span", "", text));
  if (time) {
    const clock = element(
      "time",
      "",
      new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
    );
    clock.dateTime = time;
    item.append(" ", clock);
  }
  if (atEnd) {
    const isRead = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(item);
    if (list.children.length > KEPT_ITEMS) list.firstElementChild.remove();
    if (isRead) list.scrollTop = list.scrollHeight;
  } else {
    list.prepend(item);
    if (list.children.length > KEPT_ITEMS) list.lastElementChild.remove();
  }
}

/** Sends a form as JSON to its endpoint; `extra` adds what stands outside of the form. */
export function postForm(form, { extra = () => ({}), done = () => undefined }) {
  const outcome = form.querySelector(".outcome");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { ...readFields(form), ...extra() };
    outcome.textContent = "";
    outcome.dataset.tone = "";
    try {
      const response = await fetch(`/api/${form.dataset.action}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.message ?? response.statusText);
      outcome.textContent = "Done.";
      for (const field of form.querySelectorAll("input[placeholder]")) field.value = "";
      done(answer);
    } catch (error) {
      outcome.textContent = error.message;
      outcome.dataset.tone = "bad";
    }
  });
}

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function readFields(form) {
  const fields = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") fields[field.name] = field.checked;
    else fields[field.name] = field.type === "number" ? field.valueAsNumber : field.value;
  }
  return fields;
}
