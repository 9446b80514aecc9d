// The page's own script, put before a call of one of its two functions in gradio's js_on_load. It sends what is
// clicked to the server and scrolls; what is shown is made, and escaped, in Python.

const proofPanel = () => document.getElementById("pc-proof");
const isNarrow = () => window.matchMedia("(max-width: 899px)").matches;

function startConversation(element, trigger, watch) {
  element.addEventListener("click", (event) => {
    const target = event.target.closest("[data-open]");
    if (!target || (!event.target.closest("button") && String(window.getSelection()))) return;
    proofPanel().dataset.byHand = "yes";
    if (target.dataset.open === openKey()) showProof();
    else trigger("click", { open: target.dataset.open });
  });
  watch("value", () => {
    markOpen();
    const last = element.querySelector(".pc-turn:last-of-type");
    if (last) last.scrollIntoView({ block: "start" });
  });
}

function startProof(element, watch) {
  element.addEventListener("click", (event) => {
    if (!event.target.closest(".pc-back")) return;
    const back = document.querySelector('#pc-conversation button[aria-current="true"]');
    if (back) {
      back.scrollIntoView({ block: "center" });
      back.focus({ preventScroll: true });
    }
  });
  watch("value", () => {
    markOpen();
    showProof();
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
