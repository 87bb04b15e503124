// Follows the links that are drawn: #cite-<turn>-<number>, #near-<turn>-<number>, #ask-<example>, #read-<article>,
// #list-<state>-<page>, #room-<ask or articles>.
() => {
  const LINK = /^#((cite|near|ask)-[0-9]+(-[0-9]+)?|read-[0-9a-f]{32}|list-[a-z]+-[0-9]+|room-[a-z]+)$/;
  const phone = window.matchMedia("(max-width: 859px)");
  const footnote = (window.footnote = { wanted: "" });
  // A style rule and not a class: Gradio draws messages anew, and a rule holds for whatever is drawn.
  const current = document.head.appendChild(document.createElement("style"));
  const find = (selector) => document.querySelector(selector);

  // One column holds the conversation or the list of articles; what is not seen is not reached by the keyboard either.
  function enter(room) {
    document.body.classList.toggle("shelved", room === "articles");
    for (const link of document.querySelectorAll("#rooms a")) {
      if (link.getAttribute("href") === `#room-${room}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (room === "articles") follow("#list-all-0");
    else find("#question textarea")?.focus();
  }

  const apart = (yes) => ["#talk", "#shelf"].forEach((column) => { find(column).inert = yes; });

  function follow(href) {
    if (href.startsWith("#room-")) return enter(href.slice(6));
    footnote.wanted = href.slice(1);
    if (href.startsWith("#ask-")) return find("#pick").click();
    if (href.startsWith("#list-")) {
      find("#shelf").scrollTop = 0;
      return find("#turn").click();
    }
    const link = `#desk a[href="${href}"]`;
    current.textContent = `
      ${link}.read { color: var(--accent); }
      ${link}.cite { color: var(--on-accent) !important; background: var(--accent) !important; }
      ${link}.near { border-color: var(--accent); box-shadow: inset 3px 0 0 var(--accent); }`;
    if (find("#reader")?.dataset.place === footnote.wanted) show();
    else find("#follow").click();
  }

  function show() {
    document.body.classList.add("reading");
    apart(phone.matches);
    find("#reader").focus({ preventScroll: true });
    find("#reader mark.active")?.scrollIntoView({ block: "center" });
  }

  function close() {
    document.body.classList.remove("reading");
    apart(false);
    find(`#desk a[href="#${footnote.wanted}"]`)?.focus();
  }

  // What a sync left out lies over the page; it goes with a click beside it.
  const fold = () => find("#synced details")?.removeAttribute("open");

  document.addEventListener("click", (event) => {
    const href = event.target.closest?.("a[href]")?.getAttribute("href");
    if (event.target.closest?.("#source .close")) return close();
    if (!event.target.closest?.("#synced")) fold();
    if (!href || !LINK.test(href)) return;
    event.preventDefault();
    event.stopPropagation();
    follow(href);
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    fold();
    if (document.body.classList.contains("reading")) close();
  });

  phone.addEventListener("change", () => {
    apart(phone.matches && document.body.classList.contains("reading"));
  });

  // The bar over the panel names the article once its title has been scrolled away.
  const titles = new IntersectionObserver(([title]) => {
    title.target.parentElement.classList.toggle("past", !title.isIntersecting);
  });

  // The panel: a source that was drawn is shown; none, after a new conversation, is not.
  // Gradio changes the elements that are there, so it is the place that tells one source from the next.
  let drawn;
  new MutationObserver(() => {
    const reader = find("#reader");
    if (reader?.dataset.place === drawn) return;
    drawn = reader?.dataset.place;
    titles.disconnect();
    if (reader) {
      titles.observe(reader.querySelector("header"));
      return show();
    }
    document.body.classList.remove("reading");
    apart(false);
    current.textContent = "";
  }).observe(find("#source"), { childList: true, subtree: true, attributeFilter: ["data-place"] });

  // The chat: a new question goes to the top, so that its answer is read from the beginning. Gradio labels each message
  // with its source text, tags and all, which a screen reader would spell out.
  const chat = find("#chat");
  let asked = "";
  new MutationObserver(() => {
    for (const message of chat.querySelectorAll("[data-testid=bot], [data-testid=user]")) {
      message.setAttribute("aria-label", message.dataset.testid === "bot" ? "Answer" : "Question");
    }
    const questions = chat.querySelectorAll(".user-row");
    const now = `${questions.length} ${chat.querySelectorAll(".waiting").length}`;
    if (now === asked) return;
    asked = now;
    [...questions].at(-1)?.scrollIntoView({ block: "start" });
  }).observe(chat, { childList: true, subtree: true });
}
