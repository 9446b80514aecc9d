// The page's own script, in the page's head; gradio's js_on_load calls its functions. It sends what is clicked to the
// server, copies, saves and scrolls; what is shown is made, and escaped, in Python.

const byId = (id) => document.getElementById(id);
const proofPanel = () => byId("pc-proof");
const isBusy = () => document.querySelector("#pc-pending .pc-busy") !== null;
const isNarrow = () => window.matchMedia("(max-width: 899px)").matches;

function startHeader(element, trigger) {
  element.addEventListener("click", (event) => {
    if (event.target.closest("[data-new]")) {
      trigger("clear");
      focusQuestion();
    } else act(event, trigger);
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".pc-menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector(".pc-menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (isBusy()) byId("pc-stop").click();
  });
}

function startConversation(element, trigger, watch) {
  element.addEventListener("click", (event) => act(event, trigger));
  watch("value", () => {
    document.documentElement.lang = element.querySelector("[lang]")?.lang || "en";
    markOpen();
    element.querySelector(".pc-turn:last-of-type")?.scrollIntoView({ block: "start" });
  });
}

function startSuggestions(element, trigger) {
  element.addEventListener("click", (event) => {
    const example = event.target.closest("[data-ask]");
    if (!example || isBusy()) return;
    trigger("example_select", { question: example.dataset.ask });
    focusQuestion();
  });
}

// What was clicked goes away, and the focus with it. A phone would show its keyboard.
function focusQuestion() {
  if (!isNarrow()) document.querySelector("#pc-question textarea").focus();
}

function startPending(element, watch) {
  let before = null;
  watch("value", () => {
    const turn = element.querySelector(".pc-turn");
    if (turn && !before) turn.scrollIntoView({ block: "start" });
    before = turn;
  });
}

// What is clicked in the conversation: its attributes say what to do.
function act(event, trigger) {
  const target = event.target.closest("[data-open], [data-copy], [data-save], [data-again]");
  if (!target || (!event.target.closest("button") && String(window.getSelection()))) return;
  const { open, copy, save } = target.dataset;
  if (open !== undefined) openProof(open, trigger);
  else if (copy !== undefined) copyText(copy, target);
  else if (save !== undefined) {
    target.closest("details").open = false;
    trigger("download", { save });
  } else if (!isBusy()) trigger("retry");
}

function openProof(key, trigger) {
  proofPanel().dataset.byHand = "yes";
  if (key === openKey() && proofPanel().offsetParent) showProof();
  else trigger("click", { open: key });
}

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // a page that is served to others without TLS has no clipboard, and a browser may refuse it
    const field = document.body.appendChild(document.createElement("textarea"));
    field.value = text;
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  const label = (button.dataset.label ??= button.textContent);
  button.textContent = button.closest("[data-copied]").dataset.copied;
  setTimeout(() => (button.textContent = label), 1500);
}

// The server's answer to a wish to save: a file, as JSON in an attribute.
function startSaving(element, watch) {
  watch("value", () => {
    const file = JSON.parse(element.querySelector("[data-file]")?.dataset.file || "null");
    if (!file) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.content], { type: file.type }));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
}

function startProof(element, trigger, watch) {
  element.addEventListener("click", (event) => {
    const more = event.target.closest("[data-open]");
    const view = event.target.closest("[data-view]");
    if (more) trigger("click", { open: more.dataset.open });
    if (view) {
      proofPanel().dataset.view = view.dataset.view;
      showView(proofPanel());
    }
    if (!event.target.closest(".pc-back")) return;
    const back = document.querySelector('#pc-conversation button[aria-current="true"]');
    if (back) {
      back.scrollIntoView({ block: "center" });
      back.focus({ preventScroll: true });
    }
  });
  watch("value", () => {
    markOpen();
    showView(proofPanel());
  });
}

function startLook(element, trigger) {
  element.addEventListener("click", (event) => act(event, trigger));
}

function startPicture(element, trigger, watch) {
  byId("pc-picture").draw = (key) => trigger("click", { open: key });
  watch("value", () => showView(proofPanel()));
}

// Text or page, as it was last chosen; a document without pages has text only. A page is drawn when it is wanted.
function showView(panel) {
  const buttons = panel.querySelectorAll("[data-view]");
  const view = buttons.length ? (panel.dataset.view ?? "text") : "text";
  const picture = byId("pc-picture");
  const isDrawn = picture.querySelector("[data-of]")?.dataset.of === openKey();
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  byId("pc-tabs").classList.toggle("pc-drawn", view === "page");
  picture.classList.toggle("pc-old", !isDrawn);
  if (view === "page" && !isDrawn) picture.draw(openKey());
  showProof();
}

// A document is removed with a second click: the first asks whether it is meant, until the focus is elsewhere.
// What is asked is kept with the button: gradio makes of it another document's when the list changes.
function startDocuments(element, trigger) {
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    const { asked, remove, sure } = button.dataset;
    if (asked) {
      trigger("delete", { source: remove });
      return;
    }
    Object.assign(button.dataset, { asked: "yes", text: button.textContent, name: button.ariaLabel });
    button.textContent = sure;
    button.ariaLabel = `${button.ariaLabel}: ${sure}`;
    button.focus(); // a click does not do it everywhere
  });
  element.addEventListener("focusout", (event) => {
    const button = event.target.closest("[data-asked]");
    if (!button) return;
    button.textContent = button.dataset.text;
    button.ariaLabel = button.dataset.name;
    delete button.dataset.asked;
  });
}

function openKey() {
  return proofPanel().querySelector("[data-of]")?.dataset.of;
}

// Which citation the panel shows is marked on its buttons in the conversation.
function markOpen() {
  for (const target of document.querySelectorAll("#pc-conversation [data-open]")) {
    if (target.dataset.open === openKey()) target.setAttribute("aria-current", "true");
    else target.removeAttribute("aria-current");
  }
}

// Scrolls the quoted words to the middle of the panel; on a narrow page, where the panel stands below the
// answer, the page too, but only when a person asked for it.
function showProof() {
  const panel = proofPanel();
  const context = panel.querySelector(".pc-context");
  const words = panel.querySelector("mark") ?? panel.querySelector(".pc-passage");
  if (!context || !words) return;
  const room = context.clientHeight - words.getBoundingClientRect().height;
  const above = words.getBoundingClientRect().top - context.getBoundingClientRect().top;
  context.scrollTop += above - Math.max(room / 2, 16);
  if (isNarrow() && panel.dataset.byHand) panel.scrollIntoView({ block: "start" });
  delete panel.dataset.byHand;
}
